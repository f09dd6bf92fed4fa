/** The harness that judges Python, as the text of a program for the engine `python`: the fence, values, and here the judging. */
import { FENCE } from './python-fence.ts';
import { PYTHON_METER } from './python-meter.ts';
import { PYTHON_VALUES } from './python-values.ts';

/** The text of the harness; the jobs come after it. */
export const PYTHON_HARNESS = String.raw`${FENCE}${PYTHON_VALUES}${PYTHON_METER}class _Guard(_ast.NodeTransformer):
    def visit_Compare(self, node):
        self.generic_visit(node)
        names = [_ast.Constant(type(operator).__name__) for operator in node.ops]
        return _ast.Call(_ast.Name('telar_compare', _ast.Load()), [_ast.List(names, _ast.Load()), _ast.List([node.left, *node.comparators], _ast.Load())], [])


_compiled = {}


def _value(text, scope):
    if text not in _compiled:
        tree = _ast.parse('(' + text + '\n)', '<contract>', 'eval')
        _compiled[text] = compile(_ast.fix_missing_locations(_Guard().visit(tree)), '<contract>', 'eval', dont_inherit=True)
    return eval(_compiled[text], scope)


def _call(subject, scope, recorded=True):
    if 'code' in subject:
        return _value(subject['code'], scope)
    name = subject['export']
    if recorded and name in _state.calls:
        value, error = _state.calls[name]
        if error is not None:
            raise error
        return value
    return _value(name + '(' + subject['args'] + ')', scope)


def _verdict(ok, expected=None, actual=None):
    return {'ok': bool(ok), 'expected': expected, 'actual': actual}


def _judge(check, scope):
    kind = check['is']
    if kind == 'true':
        sides = check.get('sides')
        value = _value(check['code'], scope)
        if value is True or sides is None:
            return _verdict(value is True, 'True', _told(value))
        sign = '' if sides['operator'] == '==' else sides['operator'] + ' '
        return _verdict(False, sign + _told(_value(sides['right'], scope)), _told(_value(sides['left'], scope)))
    if kind == 'returns':
        actual, expected = _snap(_call(check['subject'], scope)), _snap(_value(check['value'], scope))
        return _verdict(_alike(actual, expected), _cut(_tell(expected)), _cut(_tell(actual)))
    if kind == 'throws':
        try:
            value = _call(check['subject'], scope)
        except Exception as error:
            return _verdict(any(one.__name__ == check['error'] for one in type(error).__mro__), check['error'], _text(error))
        return _verdict(False, 'fails with ' + check['error'], 'gives ' + _told(value))
    if kind == 'within':
        start = _time.perf_counter()
        _call(check['subject'], scope, False)
        took = (_time.perf_counter() - start) * 1000
        return _verdict(took <= check['ms'], 'at most %g ms' % check['ms'], '%.1f ms' % took)
    if kind == 'object':
        actual = _snap(_call(check['subject'], scope))
        pairs = {key[1]: item for key, item in actual[-1] if key[0] == 'str'} if actual[0] in ('dict', 'object') else None
        wanted = [(pair['key'], _snap(_value(pair['value'], scope))) for pair in check['pairs']]
        ok = pairs is not None and all(key in pairs and _alike(pairs[key], want) for key, want in wanted)
        return _verdict(ok, _cut('an object with ' + ', '.join(key + ': ' + _tell(want) for key, want in wanted)), _cut(_tell(actual)))
    if kind == 'contains':
        if 'storage' in check['subject']:
            text = _state.storage.get(check['key'])
            return _verdict(bool(text), 'a text under ' + check['key'], 'keys: ' + (', '.join(_state.storage) or 'none'))
        actual = _snap(_call(check['subject'], scope))
        return _verdict(actual[0] in ('dict', 'object') and any(key == ('str', check['key']) for key, _ in actual[-1]), 'a key ' + check['key'], _cut(_tell(actual)))
    if kind == 'receives':
        want = [_snap(_value(arg, scope)) for arg in check['args']]
        calls = [args for receiver, method, args in _state.received if receiver == check['receiver'].lower() and method == check['method']]
        ok = any(len(args) == len(want) and all(_alike(one, other) for one, other in zip(args, want)) for args in calls)
        def shown(args):
            return check['method'] + '(' + ', '.join(_tell(arg) for arg in args) + ')'
        others = ', '.join(sorted({receiver + '.' + method for receiver, method, _ in _state.received}))
        return _verdict(ok, _cut(shown(want)), _cut('; '.join(shown(args) for args in calls[-3:])) if calls else 'only ' + others if others else 'nothing')
    for one in check['calls']:
        try:
            _call(one, scope, False)
        except Exception as error:
            return _verdict(False, 'an answer of ' + one['export'], _text(error))
    return _verdict(True)


def _recorded(name, act):
    def call(*args, **kwargs):
        try:
            value = act(*args, **kwargs)
        except Exception as error:
            if _state.acting:
                _state.calls[name] = (None, error)
            raise
        if _state.acting:
            _state.calls[name] = (value, None)
        return value
    return call


def _job(job, versions, names):
    version = versions[job['version']]
    _state.storage, _state.received, _state.faults, _state.calls, _state.acting, _state.most = dict(job['given']['localStorage']), [], {}, {}, False, 0
    hits, turns = set(), [0]
    def tick():
        turns[0] += 1
        if turns[0] > 200000:
            raise RuntimeError('its loops turn more than 200000 times')
    result = {'lines': [], 'ms': 0}
    start = _time.perf_counter()
    scope = None
    try:
        tree = _ast.parse(version['code'], '<code>')
        _look(tree, job['given']['globals'])
        space = {'__builtins__': dict(_OPEN), '__name__': 'code_under_test', **job['given']['globals']}
        for receiver in _RECEIVERS:
            space.setdefault(receiver, _Double(receiver))
        if _STORAGE:
            space['localStorage'] = _storage()
        around = dict(space)
        if version.get('metered'):
            meter = _Meter()
            tree = _ast.fix_missing_locations(meter.visit(tree))
            result['statements'] = meter.count
            space['telar_hit'], space['telar_tick'] = hits.add, tick
        exec(compile(tree, '<code>', 'exec', dont_inherit=True), space)
        missing = [name for name in names if name not in space]
        if missing:
            raise ImportError('it exports no ' + ' and no '.join(missing))
        scope = {**around, '__builtins__': _builtins, 'true': True, 'false': False, 'null': None, 'telar_compare': _compare}
        for name in names:
            scope[name] = _recorded(name, space[name]) if isinstance(space[name], _types.FunctionType) else space[name]
    except Exception as error:
        result['loaded'] = _text(error)
    if scope is not None:
        _state.acting = True
        try:
            for act in job['acts']:
                if act['do'] == 'fault':
                    _state.faults[act['target'].lower() + '.' + act['method']] = act['error']
                else:
                    _value(act['code'], scope)
        except Exception as error:
            result['when'] = _text(error)
        _state.acting = False
        for checks in job['lines']:
            begun, verdict = _time.perf_counter(), {'ok': True}
            for check in checks:
                if not verdict['ok']:
                    break
                spoken = check['is'] == 'throws' and check['subject'].get('export') in _state.calls
                if 'when' in result and not spoken:
                    verdict = _verdict(False, 'when ends well', result['when'])
                else:
                    try:
                        verdict = _judge(check, scope)
                    except Exception as error:
                        verdict = {'ok': False, 'error': _text(error)}
            result['lines'].append({**verdict, 'ms': round((_time.perf_counter() - begun) * 1000, 3)})
        if job.get('probe'):
            try:
                result['probe'] = _probe(job['probe'], scope)
            except Exception as error:
                result['probe'] = {'error': _text(error)}
    result['ms'] = round((_time.perf_counter() - start) * 1000, 3)
    result['bytes'] = _state.most
    result['hits'] = sorted(hits)
    return result


def _probe(probe, scope):
    if probe['ask'] == 'time':
        taken = []
        for _ in range(probe['repeat']):
            for call in probe['calls']:
                start = _time.perf_counter()
                _value(call, scope)
                taken.append((_time.perf_counter() - start) * 1000)
        return taken
    verdicts = []
    for values in probe['inputs']:
        here = {**scope, **dict(zip(probe['names'], values))}
        try:
            if probe['when']:
                _value(probe['when'], here)
            holds = _value(probe['holds'], here)
            verdicts.append(None if holds is True else 'it is ' + _told(holds))
        except Exception as error:
            verdicts.append(_text(error))
    return verdicts


def _write(value):
    if value is None or value is True or value is False:
        return 'null' if value is None else 'true' if value else 'false'
    if type(value) is str:
        return _quote(value)
    if type(value) in (int, float):
        return repr(value) if value - value == 0 else 'null'
    if type(value) in (list, tuple):
        return '[' + ','.join([_write(item) for item in value]) + ']'
    return '{' + ','.join([_quote(key) + ':' + _write(item) for key, item in value.items() if item is not None]) + '}'
`;
