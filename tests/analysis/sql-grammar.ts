/** A small grammar of DuckDB's SELECT, to make valid queries by combination. The same seed gives the same query. */
import { handMade } from './sql-corpus.ts';

/** A query for a seed. */
export function generateQuery(seed: number): string {
  let state = seed >>> 0;
  const random = (below: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
  const pick = <T>(choices: readonly T[]): T => choices[random(choices.length)] as T;
  const names = ['a', 'b', 'C', 'd1', '"e f"', 'weather', '"Order"', 'range', 'value', 'year'];
  const name = (): string => pick([pick(names), pick(names), pick(names), `main.${pick(names)}`, `st.${pick(names)}`]);
  const expression = (depth: number): string => pick([
    () => 'x', () => 't.y', () => '1', () => "'from a'", () => `extract(year from ${pick(['x', 'd'])})`, () => `coalesce(x, ${query(depth - 1, true)})`,
    () => query(depth - 1, true), () => `case when x is distinct from 1 then ${query(depth - 1, true)} else y end`, () => `[${query(depth - 1, true)}, x][1]`,
    () => `sum(x) over (partition by y order by z rows between 1 preceding and current row)`, () => `exists ${query(depth - 1, true)}`,
    () => `x in ${query(depth - 1, true)}`, () => `{'k': x, 'from': ${query(depth - 1, true)}}`, () => `list_transform(l, q -> q + 1)`, () => 'x::int /* from b */', () => `substring(x from 2 for 3)`,
  ])();
  const relation = (depth: number): string => pick([
    name, name, name, name, () => `${name()} as r(p, q)`, () => `${name()} r`, () => `${query(depth - 1, true)} s`, () => `lateral ${query(depth - 1, true)} s`,
    () => `range(3) t(i)`, () => `(${relation(depth - 1)} cross join ${name()})`, () => `(values (1), (2)) v(x)`, () => `unnest([1, 2]) u(x)`, () => "'file.csv'", () => `k: ${name()}`,
    () => `${name()} pivot (sum(x) for y in (1, 2))`, () => `${name()} unpivot (v for n in (p, q))`, () => `${name()} tablesample 10%`,
  ])();
  const from = (depth: number): string => {
    let text = relation(depth);
    for (let more = random(3); more > 0; more -= 1) {
      const join = pick([', ', ' cross join ', ' join ', ' left join ', ' semi join ']);
      text += `${join}${relation(depth)}${/ (?:left |semi )?join $/.test(join) && !join.includes('cross') ? pick([' using (x, y)', ` on ${expression(depth)} = r.x`]) : ''}`;
    }
    return text;
  };
  const select = (depth: number): string => {
    const tail = pick([() => '', () => ` where ${expression(depth)} = 1`, () => ' group by all having count(*) > 1', () => ` qualify ${expression(depth)} > 0`])();
    const list = pick([() => '*', () => `${expression(depth)}, ${expression(depth)} as from`, () => `distinct ${expression(depth)}`, () => '* exclude (x)'])();
    return pick([() => `select ${list} from ${from(depth)}${tail}`, () => `from ${from(depth)}${pick(['', ` select ${list}`])}`, () => `select ${expression(depth)}`])();
  };
  const query = (depth: number, wrapped: boolean): string => {
    if (depth < 0) return wrapped ? '(select 1)' : 'select 1';
    let text = select(depth);
    if (random(4) === 0) text += ` ${pick(['union', 'union all', 'except', 'intersect', 'union by name'])} ${select(depth)}`;
    if (random(4) === 0) {
      const common = pick(['c', '"A"', 'b', 'weather']);
      const recursive = random(3) === 0 ? 'recursive ' : '';
      text = `with ${recursive}${common} as ${pick(['', 'materialized '])}${query(depth - 1, true)}, z as (from ${common}) ${text}`;
    }
    if (random(6) === 0) text += ` order by ${expression(depth - 1)} limit 3`;
    return wrapped ? `(${text})` : text;
  };
  // Now and then a hand-made query stands inside, so that its trap meets others.
  const plain = handMade.filter((text) => !/;|--|^(?:un)?pivot|^describe|^summarize|^show|for update/.test(text));
  const text = random(4) === 0 ? `select * from (${pick(plain)}) h, ${name()} where x in (${pick(plain)})` : query(2, false);
  // DuckDB refuses LIMIT in a recursive common table.
  return /recursive[^]*limit/.test(text) ? generateQuery(seed + 1_000_003) : text;
}
