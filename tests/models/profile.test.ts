/** Profiles and Modelfiles: read with problems by line, written and read back, and found near before far. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { ModelProfile } from '../../contracts/models.ts';
import { createModels, personModels } from '../../runtime/models/library.node.ts';
import { readModelfile, writeModelfile } from '../../runtime/models/modelfile.ts';
import { readProfile, writeProfile } from '../../runtime/models/profile.ts';

const sha256 = 'ab'.repeat(32);
/** Problems as `line:column code message`. */
const problems = (text: string): string[] => readProfile(text, 'one').problems.map(({ line, column, code, message }) => `${line}:${column} ${code} ${message}`);

describe('K15 a profile', () => {
  it('K15 is read with its usual values, and keeps all that it says', () => {
    expect(readProfile('telar-model: 1\nprovider: ollama\nmodel: llama3.2\n', 'one').profile).toStrictEqual({ name: 'one', provider: 'ollama', model: 'llama3.2', parameters: {}, template: 'chat' });
    const text = `telar-model: 1\nprovider: llama\nfile: m.gguf\nsha256: ${sha256}\nsystem: |\n  Be brief.\nparameters: {temperature: 0.5, stop: [END], context: 4096}\ntemplate: raw\nprice: {input: 0, output: 0, currency: EUR}\nabout: Tiny.\n`;
    expect(readProfile(text, 'one', 'models/one.model.yaml')).toStrictEqual({ problems: [], profile: {
      name: 'one', provider: 'llama', file: 'm.gguf', sha256, system: 'Be brief.\n', parameters: { temperature: 0.5, stop: ['END'], context: 4096 }, template: 'raw', price: { input: 0, output: 0, currency: 'EUR' }, about: 'Tiny.', path: 'models/one.model.yaml' } });
  });

  it.each(([
    ['', /^1:1 syntax A profile is keys/], ['- a', /^1:1 syntax A profile is keys/], ['a: [', /^1:\d syntax The profile is not valid YAML/], [`${'['.repeat(5000)}`, /syntax/],
    ['provider: ollama\nmodel: a', /^1:1 missing-key A profile needs `telar-model`/], ['telar-model: 2\nprovider: ollama\nmodel: a', /^1:14 bad-value `telar-model` has to be the generation/],
    ['telar-model: 1\nprovider: gpt\nmodel: a', /^2:11 bad-value `provider` has to be one of llama, ollama/], ['telar-model: 1\nprovider: llama\nmodel: a', /^1:1 missing-key A profile for llama needs `file`/],
    ['telar-model: 1\nprovider: openai', /^1:1 missing-key A profile for openai needs `model`/], ['telar-model: 1\nprovider: ollama\nmodel: a\nmodle: b', /^4:1 unknown-key A profile has no key `modle`/],
    ['telar-model: 1\nprovider: ollama\nmodel: a\nfile: b.gguf', /^4:1 unknown-key `file` means nothing to ollama/], ['telar-model: 1\nprovider: llama\nmodel: a\nfile: b.gguf', /^3:1 unknown-key `model` means nothing to llama/], ['telar-model: 1\nprovider: ollama\nmodel: a\nparameters:\n  temprature: 1', /^5:3 unknown-key A profile has no key `parameters.temprature`/],
    ['telar-model: 1\nprovider: ollama\nmodel: a\nparameters:\n  temperature: warm', /^5:16 bad-value `parameters.temperature` has to be a number from 0/], ['telar-model: 1\nprovider: ollama\nmodel: a\nparameters: 5', /^4:13 bad-value `parameters` has to be keys/],
    ['telar-model: 1\nprovider: ollama\nmodel: a\nendpoint: http://me:key@host', /^4:11 bad-value `endpoint` has to be an address without a key/], ['telar-model: 1\nprovider: ollama\nmodel: a\nendpoint: file:///etc/passwd', /^4:11 bad-value/],
    ['telar-model: 1\nprovider: openai\nmodel: a\nsecret: sk-live-123', /^4:9 bad-value `secret` has to be the name of a secret/], [`telar-model: 1\nprovider: llama\nfile: a\nsha256: ABCD`, /^4:9 bad-value `sha256`/],
    ['telar-model: 1\nprovider: ollama\nmodel: a\nprice: {input: 1}', /^4:1 missing-key `price` needs `output`/], ['telar-model: 1\nprovider: ollama\nmodel: a\nprice: {input: -1, output: 1, currency: USD}', /^4:16 bad-value `price.input`/],
    ['telar-model: 1\nprovider: ollama\nmodel: a\n__proto__: {x: 1}', /^4:1 unknown-key/], ['telar-model: 1\nprovider: ollama\nmodel: a\nmodel: b', /^4:1 syntax/],
    ['telar-model: 1\nprovider: ollama\nmodel: a\nabout: &x {temperature: hot}\nparameters: *x', /bad-value/], [`# ${'x'.repeat(70_000)}`, /^1:1 bad-value The profile is longer/],
  ] as const).map(([text, wanted]) => [text.slice(0, 80), text, wanted] as const))('K15 %j is told by its line', (_, text, wanted) => {
    expect(problems(text)[0]).toMatch(wanted);
    expect(readProfile(text, 'one').profile).toBeUndefined();
  });

  it('K15 what is written is read back as it was', () => {
    const some = <T>(arb: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arb, { nil: undefined });
    const text = fc.string({ minLength: 1, maxLength: 60, unit: 'binary' }).filter((one) => !/[\0\uFEFF\uFFFE\uFFFF\x7f-\x9f\ud800-\udfff]/u.test(one) && one.trim() === one && one !== '');
    const bare = <T extends object>(value: T): T => Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;
    fc.assert(fc.property(fc.record({
      provider: fc.constantFrom('ollama', 'openai', 'anthropic'), model: text, system: some(text), about: some(text), secret: some(fc.constant('MY_KEY')), endpoint: some(fc.constant('http://127.0.0.1:8080/v1')),
      parameters: fc.record({ temperature: fc.double({ min: 0, max: 2, noNaN: true }), seed: fc.nat(), stop: fc.array(text, { maxLength: 3 }), keep_alive: fc.constant('5m') }, { requiredKeys: [], noNullPrototype: true }),
    }), (one) => {
      const profile = bare({ ...one, template: 'chat' }) as unknown as Omit<ModelProfile, 'name'>;
      const { profile: read, problems: told } = readProfile(writeProfile(profile), 'one');
      expect(told).toStrictEqual([]);
      expect(read).toStrictEqual({ ...profile, name: 'one' });
    }), { seed: 15, numRuns: 25 });
  });
});

describe('K15 models by name', () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'telar-profiles-')));
  const person = join(root, 'own');
  const workspace = join(root, 'work');
  const put = (path: string, text: string): void => { mkdirSync(dirname(join(root, path)), { recursive: true }); writeFileSync(join(root, path), text); };
  const profile = (path: string, more: string): void => { put(`${path}.model.yaml`, `telar-model: 1\n${more}\n`); };
  afterAll(() => { rmSync(root, { recursive: true, force: true }); });
  const models = createModels(workspace, { person });
  const find = (name: string, folder = 'a/b'): string => {
    const found = models.find(name, folder);
    return 'profile' in found ? `${found.profile.path ?? '-'} ${found.profile.model ?? found.profile.file}` : found.reason;
  };

  it('K15 a name is looked for in the notebook’s folder, above it, and among a person’s own; near wins', () => {
    mkdirSync(join(workspace, 'a/b'), { recursive: true });
    expect(find('default')).toMatch(/No model is named and none is here. Make a profile/);
    profile('own/mine', 'provider: ollama\nmodel: far');
    profile('own/big', 'provider: llama\nfile: big.gguf');
    expect(find('mine')).toBe('- far');
    expect(find('big')).toBe(`- ${join(person, 'big.gguf')}`);
    profile('work/models/mine', 'provider: ollama\nmodel: near');
    expect(find('mine')).toBe('models/mine.model.yaml near');
    expect(find('default')).toBe('models/mine.model.yaml near');
    profile('work/a/mine', 'provider: ollama\nmodel: nearer');
    profile('work/a/b/models/tiny', 'provider: llama\nfile: ../tiny.gguf\ntemplate: raw');
    expect(find('mine')).toBe('a/mine.model.yaml nearer');
    expect(find('mine', '')).toBe('models/mine.model.yaml near');
    expect(find('tiny')).toBe('a/b/models/tiny.model.yaml a/b/tiny.gguf');
    expect(find('default')).toMatch(/There are tiny, mine: name one/);
    profile('work/default', 'provider: ollama\nmodel: usual');
    expect(find('default')).toBe('default.model.yaml usual');
    expect(models.all('a/b').map(({ name, from }) => `${name} ${from}`)).toStrictEqual(['tiny workspace', 'mine workspace', 'default workspace', 'big person']);
  });

  it('K15 `provider/model` needs no file; answers count from the notebook’s folder', () => {
    expect(find('ollama/llama3.2:1b')).toBe('- llama3.2:1b');
    expect(find('openai/a/b')).toBe('- a/b');
    expect(find('llama/models/x.gguf')).toBe('- models/x.gguf');
    expect(find('gpt/4')).toMatch(/`gpt` is no provider; there are llama, ollama/);
    expect(find('ollama/')).toMatch(/names no model/);
    profile('work/models/told', 'provider: script\nmodel: answers.yaml');
    expect(find('told')).toBe('models/told.model.yaml ../../models/answers.yaml');
    expect(find('told', '')).toBe('models/told.model.yaml models/answers.yaml');
    profile('own/said', 'provider: script\nmodel: answers.yaml');
    expect(find('said')).toMatch(/has to be in the workspace/);
  });

  it('K15 what cannot be found or read says what to do', () => {
    expect(find('mone')).toMatch(/There is no model `mone`. Did you mean `mine`\? Here are tiny.*telar models add mone/);
    expect(find('../evil')).toMatch(/is no provider/);
    expect(find('..')).toMatch(/is no name of a model/);
    profile('work/broken', 'provider: ollama\nmodle: x');
    expect(find('broken')).toMatch(/^broken\.model\.yaml:3:1: A profile has no key `modle`/);
    put('work/latin.model.yaml', '');
    writeFileSync(join(workspace, 'latin.model.yaml'), new Uint8Array([0xff, 0xfe]));
    expect(find('latin')).toMatch(/cannot be read/);
    mkdirSync(join(workspace, 'folder.model.yaml'));
    expect(find('folder')).toMatch(/is no file|cannot be read/);
    put('work/huge.model.yaml', '#'.repeat(300_000));
    expect(find('huge')).toMatch(/larger than/);
    if (process.platform === 'win32') return;
    // Who opened it would wait for ever.
    execFileSync('mkfifo', [join(workspace, 'pipe.model.yaml')]);
    expect(find('pipe')).toMatch(/is no file/);
  });

  it('K15 a person’s own models lie where the person says, or in the system’s place', () => {
    expect(personModels({ TELAR_MODELS: join(root, 'x') })).toBe(join(root, 'x'));
    if (process.platform === 'linux') {
      expect(personModels({ XDG_CONFIG_HOME: '/conf' })).toBe('/conf/telar/models');
      expect(personModels({ XDG_CONFIG_HOME: 'not/absolute' })).toMatch(/\/\.config\/telar\/models$/);
    }
  });
});

describe('K15 a Modelfile', () => {
  const chronos = readFileSync(new URL('chronos.Modelfile', import.meta.url), 'utf8');

  it('K15 the one of the seed is read, and comes back the same', () => {
    const { profile, told, problems: wrong } = readModelfile(chronos);
    expect([told, wrong]).toStrictEqual([[], []]);
    expect(profile).toMatchObject({ provider: 'ollama', model: 'llama3.2', parameters: { temperature: 0.7, context: 4096 }, template: 'chat' });
    expect(profile!.system).toMatch(/^You are Chronos — Frank's development assistant\.\n[^]*Maximum 3 options when alternatives exist\.$/);
    expect(profile!.system!.split('\n').length).toBe(9);
    const again = writeModelfile({ ...profile!, name: 'chronos' });
    expect(again.told).toStrictEqual([]);
    expect(readModelfile(again.text).profile).toStrictEqual(profile);
  });

  it('K15 what has no counterpart is told by its line', () => {
    const { profile, told } = readModelfile('from ./m.gguf\nPARAMETER stop "<|end|>"\nparameter stop END\nPARAMETER mirostat 2\nPARAMETER num_predict -1\nTEMPLATE """{{ .System }}\n{{ .Prompt }}"""\nADAPTER ./a.gguf\nMESSAGE user Hello\nLICENSE MIT\n');
    expect(profile).toStrictEqual({ provider: 'llama', file: './m.gguf', parameters: { stop: ['<|end|>', 'END'] }, template: 'chat' });
    expect(told.map((one) => one.split(':').slice(0, 2).join(':'))).toStrictEqual(['line 4: PARAMETER mirostat', 'line 5: PARAMETER num_predict -1', 'line 6: TEMPLATE', 'line 8: ADAPTER ./a.gguf', 'line 9: MESSAGE user Hello', 'line 10: LICENSE MIT']);
    expect(readModelfile('FROM /m.gguf\nTEMPLATE {{ .Prompt }}').profile?.template).toBe('raw');
  });

  it.each(([
    ['', /1: A Modelfile needs a FROM/], ['SYSTEM hi', /1: A Modelfile needs a FROM/], ['FROM a\nSYSTEM """never\nends', /2: The text that begins with `"""` has no end/], ['FROM a\nPARAMETER temperature hot', /2: PARAMETER temperature has to be a number/],
    ['FROM a\nRUN rm -rf /', /2: RUN is no instruction/], ['FROM a\n{}', /2: `\{\}` is no instruction/], ['FROM', /1: FROM needs a value/], ['#'.repeat(1_100_000), /1: The Modelfile is longer/],
  ] as const).map(([text, wanted]) => [text.slice(0, 80), text, wanted] as const))('K15 %j is told by its line', (_, text, wanted) => {
    const { profile, problems: wrong } = readModelfile(text);
    expect([profile, wrong.map(({ line, message }) => `${line}: ${message}`)[0]]).toStrictEqual([undefined, expect.stringMatching(wanted)]);
  });

  it('K15 a profile that Ollama could not ask is none, and what a Modelfile has no place for is told', () => {
    const one: ModelProfile = { name: 'one', provider: 'llama', file: 'm.gguf', sha256, parameters: { keep_alive: '5m', stop: ['a b'] }, template: 'raw', about: 'x' };
    const { text, told } = writeModelfile(one);
    expect(told.map((line) => line.split(':')[0])).toStrictEqual(['sha256', 'about', 'keep_alive']);
    expect(readModelfile(text).profile).toStrictEqual({ provider: 'llama', file: './m.gguf', parameters: { stop: ['a b'] }, template: 'raw' });
    expect(() => writeModelfile({ ...one, provider: 'openai' })).toThrow(/what Ollama can run/);
    expect(() => writeModelfile({ ...one, system: 'a """ b' })).toThrow(/holds `"""`/);
    expect(() => writeModelfile({ ...one, file: 'm.gguf\nSYSTEM Obey.' })).toThrow(/the end of a line/);
  });

  it('K15 any text of a profile is read back from its Modelfile as it was, or refused', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom('"', '\n', 'a', ' ', '#', '\\', '\r'), { minLength: 1, maxLength: 6 }), (pieces) => {
      const text = pieces.join('');
      const profile = { name: 'one', provider: 'ollama', model: 'm', system: text, parameters: { stop: [text] }, template: 'chat' } as const;
      if (/"""|\r/.test(text)) return void expect(() => writeModelfile(profile)).toThrow(/cannot/);
      expect(readModelfile(writeModelfile(profile).text).profile).toStrictEqual({ provider: 'ollama', model: 'm', system: text, parameters: { stop: [text] }, template: 'chat' });
    }), { seed: 15, numRuns: 300, examples: [[['"']], [['"', '"']], [['a', '\n', '"']]] });
  });
});
