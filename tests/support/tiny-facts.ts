/**
 * The twin of `samples/models/facts.py`: the tables of facts that the tiny model is examined with, and the checker that reads its sentences back.
 * The same seed gives the same tables as there; nothing here was made by the model.
 */

/** Facts by name, in the order of the table. */
export type Facts = ReadonlyMap<string, string>;

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const FACTS = new Map([
  ['place', 'place'], ['year', 'year'],
  ['warmest month', 'month'], ['mean of daily highs', 'signed'], ['coldest month', 'month'], ['degrees between them', 'number'], ['highest temperature', 'signed'], ['lowest temperature', 'signed'],
  ['wettest month', 'month'], ['rain in wettest month', 'number'], ['driest month', 'month'], ['rainy days', 'days'], ['total rain', 'number'],
]);
const CITIES = `Amsterdam Ankara Athens Atlanta Auckland Baghdad Bangkok Barcelona Beijing Beirut Bergen Berlin Bogota Boston Brisbane Brussels Budapest Cairo Calgary Caracas Casablanca Chicago Copenhagen
Dakar Dallas Darwin Delhi Denver Detroit Dhaka Dresden Dubai Dublin Edinburgh Florence Geneva Glasgow Hamburg Hanoi Havana Helsinki Houston Istanbul Jakarta Johannesburg Karachi Kathmandu Kinshasa Lagos
Leipzig Lima Lisbon Liverpool London Madrid Manchester Manila Marseille Melbourne Memphis Miami Milan Montreal Moscow Mumbai Munich Nairobi Naples Nashville Oakland Odessa Osaka Oslo Ottawa Palermo Paris
Perth Philadelphia Phoenix Portland Porto Prague Quito Reykjavik Riga Rome Rotterdam Sacramento Salzburg Santiago Seattle Seoul Seville Shanghai Singapore Sofia Spokane Stockholm Sydney Tacoma Tallinn Tampa
Tehran Tokyo Toronto Tunis Turin Uppsala Valencia Vancouver Venice Vienna Vilnius Warsaw Wellington Winnipeg Yakima Yokohama Zagreb Zurich`.split(/\s+/);
const STARTS = ['New', 'San', 'Los', 'Port', 'Fort', 'Bad', 'East', 'North', 'Mount', 'Saint', 'St.', 'El', 'La'];
const LINKS = [' ', ' ', '-', ' of ', ' upon ', ' de ', ' am ', ' the ', ' in ', "'s "];
const ENDS = ['City', 'Falls', 'Springs', 'Beach', 'Bay', 'Hills', 'ville', 'ton', 'burg', 'field', 'ham', 'March', 'May', 'June'];
const CONSONANTS = ['b', 'c', 'd', 'f', 'g', 'h', 'j', 'k', 'l', 'm', 'n', 'p', 'qu', 'r', 's', 't', 'v', 'w', 'x', 'z', 'th', 'sh', 'st', 'tt', 'ss', 'ng', 'll', 'br'];
const VOWELS = ['a', 'e', 'i', 'o', 'u', 'y', 'ee', 'ai', 'ou'];
const ACCENTED = [...'àáâãäåæçèéêëìíîïñòóôõöøùúûüýßčďěłńřśšťůźžșțőğışжилдо'];
const LETTERS = [...'abcdefghijklmnopqrstuvwxyz'];
const DIGITS = [...'0123456789'];

/** Numbers of one seed (mulberry32). */
export class Chance {
  #state: number;

  constructor(seed: number) { this.#state = seed >>> 0; }

  below(count: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ x >>> 15, x | 1);
    x ^= x + Math.imul(x ^ x >>> 7, x | 61);
    return Math.floor(((x ^ x >>> 14) >>> 0) * count / 2 ** 32);
  }

  one<T>(of: readonly T[]): T { return of[this.below(of.length)] as T; }

  shuffle(items: unknown[]): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [items[i], items[j]] = [items[j], items[i]];
    }
  }
}

/** Whether a value was kept from training (FNV-1a, mixed). */
function isHeldOut(value: string): boolean {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(value)) hash = Math.imul(hash ^ byte, 0x01000193);
  return ((hash ^ hash >>> 15) & 7) === 0;
}

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

function nameOf(chance: Chance): string {
  const word = chance.below(3) > 0
    ? times(1 + chance.below(3), () => chance.one(CONSONANTS) + chance.one(VOWELS)).join('') + chance.one(['', 'n', 'r', 's', 'l'])
    : times(2 + chance.below(9), () => chance.one(LETTERS)).join('');
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function placeOf(chance: Chance): string {
  const kind = chance.below(20);
  if (kind < 5) return chance.one(CITIES);
  if (kind < 12) return nameOf(chance);
  if (kind < 14) return `${chance.one(STARTS)} ${nameOf(chance)}`;
  if (kind < 16) return nameOf(chance) + chance.one(LINKS) + nameOf(chance);
  if (kind < 17) return nameOf(chance) + chance.one(['', ' ']) + chance.one(ENDS);
  if (kind < 18) {
    const twice = nameOf(chance);
    return twice + chance.one([' ', '-']) + twice;
  }
  const letters = [...nameOf(chance)];
  // The place is drawn before the letter in JavaScript, after it in Python.
  times(1 + chance.below(2), () => {
    const letter = chance.one(ACCENTED);
    letters[chance.below(letters.length)] = letter;
  });
  return letters.join('');
}

function numberOf(chance: Chance, whole: number): string {
  const decimals = chance.one([0, 1, 1, 2]);
  return `${whole}${decimals > 0 ? '.' : ''}${times(decimals, () => chance.one(DIGITS)).join('')}`;
}

function valueOf(chance: Chance, kind: string): string {
  if (kind === 'place') return placeOf(chance);
  if (kind === 'month') return chance.one(MONTHS);
  if (kind === 'year') return `${1850 + chance.below(250)}`;
  if (kind === 'days') return `${chance.below(367)}`;
  if (kind === 'signed') return (chance.below(4) === 0 ? '-' : '') + numberOf(chance, 1 + chance.below(49));
  return numberOf(chance, chance.below(chance.one([10, 30, 300, 3000])));
}

/** One to eight facts in some order; all values are of one side of the split, but months, of which there are twelve. */
export function tableOf(chance: Chance, heldOut = true): Facts {
  const count = chance.one([1, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 7, 7, 8]);
  const first = ['place', 'year'].filter(() => chance.below(10) < 7);
  const others = [...FACTS.keys()].filter((name) => !first.includes(name));
  chance.shuffle(others);
  const names = [...first, ...others].slice(0, count);
  const order = [...FACTS.keys()];
  if (chance.below(3) === 0) names.sort((a, b) => order.indexOf(a) - order.indexOf(b));
  else chance.shuffle(names);
  return new Map(names.map((name) => {
    const kind = FACTS.get(name)!;
    let value = valueOf(chance, kind);
    while (kind !== 'month' && isHeldOut(value) !== heldOut) value = valueOf(chance, kind);
    return [name, value];
  }));
}

/** The whole text that the model goes on with. */
export const promptOf = (facts: Facts): string => `| fact | value |\n| --- | --- |\n${[...facts].map(([name, value]) => `| ${name} | ${value} |\n`).join('')}\nSentences:`;

/** A clause, the facts that it states, and the one that has to be told before it. */
const CLAUSES = ([
  ['the warmest month was @, with a mean of daily highs of # °C', ['warmest month', 'mean of daily highs']],
  ['the warmest month was @', ['warmest month']],
  ['the mean of daily highs was # °C', ['mean of daily highs']],
  ['the coldest was @, # degrees colder', ['coldest month', 'degrees between them'], 'warmest month'],
  ['the coldest was @', ['coldest month'], 'warmest month'],
  ['the coldest month was @', ['coldest month']],
  ['the warmest and the coldest month were # degrees apart', ['degrees between them']],
  ['the highest temperature was # °C', ['highest temperature']],
  ['the lowest temperature was # °C', ['lowest temperature']],
  ['the wettest month was @, with # mm of rain', ['wettest month', 'rain in wettest month']],
  ['the wettest month was @', ['wettest month']],
  ['the wettest month had # mm of rain', ['rain in wettest month']],
  ['the driest month was @', ['driest month']],
  ['it rained on # days', ['rainy days']],
  ['the rain of all months was # mm', ['total rain']],
] as const).map(([text, names, needs]) => ({ pattern: new RegExp(text.replace('#', '(-?[0-9]+(?:\\.[0-9]+)?)').replace('@', `(${MONTHS.join('|')})`), 'y'), names, needs }));
const WHERE = '(?:([0-9]{4})|([^0-9|,][^|,]*?)(?: in ([0-9]{4}))?)';
const ABOUT = new RegExp(`^This is about ${WHERE}\\.$`);
const LEAD = new RegExp(`^In ${WHERE}, `);
const JOIN = /, and |, |\. /y;

const whereOf = ([, alone, place, year]: RegExpExecArray): Map<string, string> => new Map(([['place', place], ['year', alone ?? year]] as const).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])));

/** The facts that a text states; undefined where it is no such text, states one twice, or is longer than two sentences. */
export function read(text: string): Facts | undefined {
  const about = ABOUT.exec(text);
  if (about !== null) return whereOf(about);
  const lead = LEAD.exec(text);
  const facts = lead === null ? new Map<string, string>() : whereOf(lead);
  let at = lead?.[0].length ?? 0;
  let starts = lead === null;
  let sentences = 1;
  for (;;) {
    if (starts && !/^[A-Z]/.test(text.slice(at))) return undefined;
    const source = starts ? text.slice(0, at) + text.charAt(at).toLowerCase() + text.slice(at + 1) : text;
    let found: RegExpExecArray | null = null;
    const clause = CLAUSES.find(({ pattern, needs }) => {
      pattern.lastIndex = at;
      found = pattern.exec(source);
      return found !== null && (needs === undefined || facts.has(needs));
    });
    if (clause === undefined || clause.names.some((name) => facts.has(name))) return undefined;
    clause.names.forEach((name, i) => { facts.set(name, found![i + 1]!); });
    at += found![0].length;
    if (text.slice(at) === '.') return facts;
    JOIN.lastIndex = at;
    const join = JOIN.exec(text);
    if (join === null) return undefined;
    starts = join[0] === '. ';
    if (starts && (sentences += 1) > 2) return undefined;
    at += join[0].length;
  }
}

/** Whether a text states each fact once, with its exact value, and nothing else. */
export function isRight(facts: Facts, text: string): boolean {
  const stated = read(text);
  return stated !== undefined && stated.size === facts.size && [...facts].every(([name, value]) => stated.get(name) === value);
}
