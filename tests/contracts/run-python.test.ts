/** Tests of Python in the sandbox: what ordinary code may do, and code that reaches for its judge. CPython has no wall inside, so the known ways are refused before it runs. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testContract } from '../../nodes/contract/run.ts';
import { preparePython } from '../../nodes/python/tree.ts';
import { createResources } from '../../runtime/adapters/resources.node.ts';
import { contractOf, contractTools, sample, smallContract, verdicts } from '../support/contracts.ts';

const bench = contractTools();
beforeAll(() => preparePython(createResources()));
afterAll(bench.close);

describe('Python', () => {
  const contract = contractOf(sample('slug.contract.yaml'));
  const code = sample('slug.py');
  const small = smallContract(['get'], '- {id: T1, when: [], then: [get(1) == 42, "get(2) returns {a: 1}", get(3) throws ValueError, get(4) > 41]}').replace('language: JavaScript', 'language: Python');
  const RED = 'T1.1 red, T1.2 red, T1.3 red, T1.4 red';
  const FORGE = "def forge(g):\n    g['_judge'] = lambda check, scope: {'ok': True}\n";

  test('K2 is green, whatever ordinary Python does: private names, decorators, patterns, a byte order mark', async () => {
    const report = await testContract(contractOf(small), { code: `\uFEFFimport functools
class Box:
    def __init__(self, value): self.__value = value
    def __getattr__(self, name): raise AttributeError(name)
    def value(self): return self.__value if self.__class__ is Box else None
def twice(act):
    @functools.wraps(act)
    def call(n): return act(n)
    return call
@twice
def get(n):
    match n:
        case int(x) if x == 3: raise ValueError(x)
        case 2: return {'a': 1}
    return Box(42).value()
` }, bench.tools);
    expect(report.lines.filter(({ ok }) => ok !== true)).toEqual([]);
  });

  test('K2 code in Python is tested, its dependency recorded, its constraints and properties judged', async () => {
    const report = await testContract(contract, { code }, bench.tools, { proofs: true });
    expect(verdicts(report)).toBe('S001.1 green, S001.2 green, S001.3 green, S002.1 green, S003.1 green, S003.2 green, S003.3 open');
    expect(report.constraints.map(({ status }) => status)).toEqual(['held', 'held', 'held', 'held', 'held']);
    expect(report.properties).toMatchObject([{ id: 'P001', ok: true, runs: 60 }]);
    expect(report.proofs).toMatchObject({ greenOnStub: [], vacuous: [] });
    // The one prose line is waived, with a reason.
    expect(report.verified).toBe(true);
    const wrong = await testContract(contract, { code: code.replace("'-' + word", "'_' + word") }, bench.tools);
    expect(wrong.lines[0]).toMatchObject({ ok: false, expected: "'hello-world'", actual: "'hello_world'" });
  });

  test.each([
    ['and nothing else', 'def get(n): return 41'],
    ['objects that answer for themselves', 'class L:\n    def __eq__(self, other): return True\n    def __gt__(self, other): return True\n    a = 1\ndef get(n): return L()'],
    ['a number of its own class', 'class L(int):\n    def __eq__(self, other): return True\n    def __gt__(self, other): return True\n    __hash__ = None\ndef get(n): return L(41)'],
    ['frames', 'def get(n):\n    try: raise ValueError\n    except ValueError as e: return e.__traceback__.tb_frame.f_back'],
    ['a way to sys', "import json\njson.decoder.scanner.re.enum.sys.modules.clear()\ndef get(n): return 42"],
    ['builtins', "def get(n): return getattr(get, '__' + 'globals__')"],
    ['changed modules', 'import json\njson.dumps = lambda *a: "[]"\ndef get(n): return 41'],
    ['a hidden pattern', 'class M(type):\n    def __instancecheck__(c, x): return True\nclass F(metaclass=M):\n    __match_args__ = ("__globals__",)\ndef get(n): return 42'],
    ['a metaclass that makes a pattern', `${FORGE}M = type('M', (type,), {'__instancecheck__': lambda c, x: True})\nF = M('F', (), {'__match_args__': ('__globals__',)})\nmatch getattr:\n    case F(x): forge(x)\ndef get(n): return 41`],
    ['a builtin name that is a pattern', `${FORGE}int = type('F', (), {})\nmatch getattr:\n    case int(x): forge(x)\ndef get(n): return 41`],
    ['annotations that are evaluated', `${FORGE}import functools\n@functools.singledispatch\ndef f(x): pass\ndef h(x: '[forge(getattr.__globals__), int][1]'): pass\nf.register(h)\ndef get(n): return 41`],
    ['annotations that are asked', `${FORGE}import typing\nforge(typing.get_args(typing.Optional['getattr.__globals__'])[0].evaluate(globals={'getattr': getattr}))\ndef get(n): return 41`],
    ['bounds that are asked', `${FORGE}import typing\nT = typing.TypeVar('T', bound='getattr.__globals__')\nforge(T.evaluate_bound(1).evaluate(globals={'getattr': getattr}))\ndef get(n): return 41`],
    ['attributes copied by their names', `${FORGE}import functools\nC = type('C', (), {'__setattr__': lambda self, name, value: forge(value) if name == '__globals__' else None})\nfunctools.wraps(getattr, assigned=('__globals__',), updated=())(C())\ndef get(n): return 41`],
    ['a dictionary copied by its name', `${FORGE}import functools\nseen = []\nclass D:\n    def update(self, of): seen.append(of)\nC = type('C', (), {'__dict__': D()})\nfunctools.wraps(type)(C())\nforge(seen[0]['__subclasses__'](object)[0])\ndef get(n): return 41`],
    ['members that go into a module', 'import enum\nclass T(enum.Enum):\n    def __call__(self, *a): return True\nenum.global_enum(T("X", {"all": 1, "any": 2}, module="builtins"))\ndef get(n): return {"a": 2}'],
    ['another way of theirs', 'import enum\nE = enum.Enum\nX = E._convert_("X", "sys", lambda n: n == "modules")\ndef get(n): return 41'],
    ['streams that are other things', 'import contextlib\nclass R(contextlib.redirect_stdout):\n    _stream = "modules"\nr = R({})\nr.__enter__()\nmodules = r._old_targets[-1]\nr.__exit__(None, None, None)\ndef get(n): return 42 if n == 1 else modules'],
    ['bytecode', 'import types\nC = types.CodeType\ndef get(n): return 41'],
    ['no export', 'def got(n): return 42'],
    ['no Python', 'def get(n:'],
  ])('K2 stays red: %s', async (_, wrong) => {
    expect(verdicts(await testContract(contractOf(small), { code: wrong }, bench.tools))).toBe(RED);
  });

  test('K3 Python has its own mutants', async () => {
    const adding = contractOf(smallContract(['add'], '- {id: T1, when: [], then: ["add(1) == 3", "add(1) == add(1)", "True or add(1)"]}').replace('JavaScript', 'Python'));
    const { proofs } = await testContract(adding, { code: 'def add(n):\n    total = 0\n    while total < n + 2:\n        total += 1\n    return total if n > 0 else 0\n' }, bench.tools, { proofs: true });
    expect(proofs!.mutants).toBeGreaterThan(5);
    expect(proofs!.killed['T1.1']).toBeGreaterThan(3);
    expect(proofs!.vacuous).toContain('T1.3');
  });

  test('K3 Python: imports and coverage are constraints there too', async () => {
    const of = async (text: string): Promise<Record<string, string>> => Object.fromEntries((await testContract(contract, { code: text }, bench.tools)).constraints.map(({ name, status }) => [name, status]));
    expect(await of(`${code}# No eval, no exec.\n`)).toMatchObject({ no_dependencies: 'held' });
    expect(await of(code.replace('import re', 'import re, numpy'))).toMatchObject({ no_dependencies: 'broken' });
    expect(await of(`${code}\n\ndef never():\n    a = 1\n    b = 2\n    return a + b\n`)).toMatchObject({ test_coverage: 'broken', no_dependencies: 'held' });
  });
});
