/** K13: tokens are guessed from the length, within bounds of what two published tokenizers (o200k_base, cl100k_base) count; their counts stand here as they were made. */
import { expect, test } from 'vitest';
import { estimate, estimateText } from '../../runtime/providers/estimate.ts';

const TEXTS: readonly (readonly [name: string, text: string, o200k: number, cl100k: number])[] = [
  ['english', 'The river rose in the night. By morning the lower fields stood under brown water, and the keeper of the lock walked along the bank with a lantern, counting the boats that had broken loose.', 39, 39],
  ['spanish', 'El río creció durante la noche. Por la mañana los campos bajos estaban bajo el agua parda, y el guardián de la esclusa caminaba por la orilla con un farol, contando las barcas que se habían soltado.', 51, 59],
  ['german', 'Der Fluss stieg in der Nacht. Am Morgen standen die unteren Felder unter braunem Wasser, und der Schleusenwärter ging mit einer Laterne am Ufer entlang und zählte die losgerissenen Boote.', 48, 56],
  ['russian', 'Ночью река поднялась. К утру нижние поля стояли под бурой водой, и смотритель шлюза шёл по берегу с фонарём, считая сорвавшиеся лодки.', 44, 70],
  ['greek', 'Το ποτάμι ανέβηκε τη νύχτα. Το πρωί τα χαμηλά χωράφια ήταν κάτω από καφέ νερό και ο φύλακας περπατούσε στην όχθη με ένα φανάρι.', 52, 114],
  ['arabic', 'ارتفع النهر في الليل. وفي الصباح كانت الحقول المنخفضة تحت الماء البني، وكان حارس القنطرة يمشي على الضفة بمصباح.', 36, 73],
  ['hebrew', 'הנהר עלה בלילה. בבוקר עמדו השדות הנמוכים מתחת למים חומים, ושומר הסכר הלך לאורך הגדה עם פנס.', 38, 88],
  ['hindi', 'रात में नदी का पानी बढ़ गया। सुबह तक निचले खेत भूरे पानी के नीचे थे और पहरेदार लालटेन लेकर किनारे पर चल रहा था।', 36, 112],
  ['thai', 'แม่น้ำขึ้นในตอนกลางคืน ตอนเช้าทุ่งนาด้านล่างอยู่ใต้น้ำสีน้ำตาล และคนเฝ้าประตูน้ำเดินไปตามตลิ่งพร้อมตะเกียง', 46, 100],
  ['chinese', '夜里河水上涨。到了早晨，低处的田地都淹没在浑浊的水下，守闸人提着灯笼沿着河岸走，数着那些漂走的船。', 51, 74],
  ['japanese', '夜のうちに川の水かさが増した。朝になると低い畑は茶色い水の下に沈み、水門の番人は提灯を手に岸辺を歩いていた。', 49, 66],
  ['korean', '밤사이 강물이 불어났다. 아침이 되자 낮은 밭은 흙탕물에 잠겼고, 수문지기는 등불을 들고 강둑을 따라 걸었다.', 45, 70],
  ['code', "export function createFetch(powers: OutsidePowers): StepContext['fetch'] {\n  const { network, origins = [], limits } = powers;\n  return async (first) => {\n    if (network === undefined) throw new Error('There is no network.');\n    return network.ask(first, { time: limits.time });\n  };\n}\n", 69, 69],
  ['json', '{"station": "A-17", "values": [12.5, 13.75, -4.0, 1e-6], "ok": true, "when": "2026-11-21T01:07:09Z", "none": null}', 60, 60],
  ['numbers', '2014-01-01,12.53,0.0047,1289001\n2014-01-02,11.98,0.0051,1289433\n2014-01-03,12.07,0.0049,1290021\n', 60, 60],
  ['emoji', 'Great 🎉🎉 well done 👩‍🔬! 🚀🔥 ✅', 17, 25],
  ['base64', 'iVBORw0KGgoAAAANSUhEUgAAAG0AAABmCAYAAADBPx+VAAAACXBIWXMAAAsTAAALEwEAmpwYAAAAAXNSR0IArs4c6QAAAARnQU1BAACxjwv8', 65, 65],
  ['markdown', '# Title\n\n* one **bold** item\n* two `code`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n', 32, 32],
  ['caps', 'WARNING: DO NOT OPEN THE VALVE BEFORE THE PRESSURE HAS FALLEN BELOW 2 BAR.', 20, 21],
];

test.each(TEXTS)('K13 the guess for %s is within bounds', (_, text, ...counts) => {
  for (const count of counts) {
    const ratio = estimateText(text) / count;
    expect(ratio).toBeGreaterThan(0.75);
    expect(ratio).toBeLessThan(2.7);
  }
});

test('K13 a longer conversation is never guessed shorter, and pictures and any text at all have a guess', () => {
  let last = estimate([]);
  for (let i = 1; i < 20; i += 1) {
    const now = estimate(Array.from({ length: i }, () => ({ role: 'user' as const, content: [{ text: 'Hello.' }] })));
    expect(now).toBeGreaterThan(last);
    last = now;
  }
  expect(estimate([{ role: 'user', content: [{ media: { mediaType: 'image/png', base64: '' } }] }])).toBeGreaterThan(1000);
  for (const text of ['', '\uD800', '\0', '\u{10FFFF}', ' '.repeat(1000)]) expect(estimateText(text)).toBeGreaterThanOrEqual(text === '' ? 0 : 1);
  const began = performance.now();
  estimateText('a б 河 '.repeat(250_000));
  expect(performance.now() - began).toBeLessThan(1500);
});
