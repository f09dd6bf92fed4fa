/**
 * Vega's expressions, interpreted: charts are drawn without making code from a notebook's text.
 *
 * Vega gives each expression as a tree (`ast: true`) and asks this for functions of it. Calls go only to named functions, never to
 * members, and no path reaches a prototype. Left out on purpose: regular expressions (they are not bounded here) and the clock.
 * The road not taken is Vega's default, which compiles expressions with `Function`.
 */

/** A node of Vega's expression tree. */
interface Tree {
  readonly type: string;
  readonly [part: string]: unknown;
}
type Functions = Readonly<Record<string, ((...args: unknown[]) => unknown) | undefined>>;
type Bag = Record<string, unknown>;
interface Scope { readonly fn: Functions; readonly params: Bag; readonly datum?: unknown; readonly event?: unknown; readonly item?: unknown }
interface Context { readonly functions: Functions }
interface Expression { readonly ast: Tree }

const day = (value: unknown): Date => new Date(value as number);
const text = (value: unknown): string => String(value);
const num = (value: unknown): number => Number(value);

const DATE_PARTS: Readonly<Record<string, string>> = {
  date: 'getDate', day: 'getDay', year: 'getFullYear', month: 'getMonth', hours: 'getHours', minutes: 'getMinutes', seconds: 'getSeconds',
  milliseconds: 'getMilliseconds', time: 'getTime', timezoneoffset: 'getTimezoneOffset', utcdate: 'getUTCDate', utcday: 'getUTCDay',
  utcyear: 'getUTCFullYear', utcmonth: 'getUTCMonth', utchours: 'getUTCHours', utcminutes: 'getUTCMinutes', utcseconds: 'getUTCSeconds',
  utcmilliseconds: 'getUTCMilliseconds',
};
const MATH = ['abs', 'acos', 'asin', 'atan', 'atan2', 'ceil', 'cos', 'exp', 'floor', 'hypot', 'log', 'max', 'min', 'pow', 'round', 'sin', 'sqrt', 'tan'] as const;

const BUILTINS: Functions = Object.freeze({
  __proto__: null,
  ...Object.fromEntries(MATH.map((name) => [name, (...args: unknown[]) => (Math[name] as (...numbers: number[]) => number)(...args.map(num))])),
  ...Object.fromEntries(Object.entries(DATE_PARTS).map(([name, method]) => [name, (value: unknown) => (day(value) as unknown as Record<string, () => number>)[method]!()])),
  isNaN: (value: unknown) => Number.isNaN(value),
  isFinite: (value: unknown) => Number.isFinite(value),
  clamp: (value: unknown, low: unknown, high: unknown) => Math.max(num(low), Math.min(num(high), num(value))),
  utc: (...args: unknown[]) => Date.UTC(...args.map(num) as [number]),
  datetime: (...args: unknown[]) => new Date(...args as [number]),
  length: (value: unknown) => (typeof value === 'string' || Array.isArray(value) ? value.length : (value as Bag | null)?.length),
  parseFloat: (value: unknown) => Number.parseFloat(text(value)),
  parseInt: (value: unknown, radix: unknown) => Number.parseInt(text(value), radix as number),
  upper: (value: unknown) => text(value).toUpperCase(),
  lower: (value: unknown) => text(value).toLowerCase(),
  trim: (value: unknown) => text(value).trim(),
  substring: (value: unknown, from: unknown, to: unknown) => text(value).substring(num(from), to === undefined ? undefined : num(to)),
  split: (value: unknown, separator: unknown, limit: unknown) => text(value).split(text(separator), limit as number | undefined),
  encodeURIComponent: (value: unknown) => encodeURIComponent(text(value)),
} as unknown as Functions);

const CONSTANTS: Readonly<Record<string, number>> = {
  NaN: Number.NaN, E: Math.E, LN2: Math.LN2, LN10: Math.LN10, LOG2E: Math.LOG2E, LOG10E: Math.LOG10E, PI: Math.PI, SQRT1_2: Math.SQRT1_2,
  SQRT2: Math.SQRT2, MIN_VALUE: Number.MIN_VALUE, MAX_VALUE: Number.MAX_VALUE,
};
const HIDDEN = new Set(['constructor', 'prototype', '__proto__', '__defineGetter__', '__defineSetter__', '__lookupGetter__', '__lookupSetter__']);
const LEFT_OUT = new Set(['regexp', 'test', 'replace', 'now']);

/** What Vega's view takes as its `expr` option. */
export const chartExpressions = {
  operator: ({ functions }: Context, { ast }: Expression) => (params: Bag) => evaluate(ast, { fn: functions, params }),
  parameter: ({ functions }: Context, { ast }: Expression) => (datum: unknown, params: Bag) => evaluate(ast, { fn: functions, params, datum }),
  event: ({ functions }: Context, { ast }: Expression) => (event: unknown) => evaluate(ast, { fn: functions, params: {}, event }),
  handler: ({ functions }: Context, { ast }: Expression) => (params: Bag, event: { item?: { datum?: unknown } }) => (
    evaluate(ast, { fn: functions, params, datum: event.item?.datum, event })),
  encode: ({ functions }: Context, { marktype, channels }: { marktype: string; channels: Record<string, Expression> }) => (item: Bag, params: Bag): number => {
    let changed = 0;
    for (const [name, { ast }] of Object.entries(channels)) {
      const value = evaluate(ast, { fn: functions, params, datum: item.datum, item });
      if (item[name] !== value) { item[name] = value; changed = 1; }
    }
    if (marktype !== 'rule') {
      const swap = marktype === 'group' || marktype === 'image' || marktype === 'rect';
      span(item, channels, swap, 'x', 'width');
      span(item, channels, swap, 'y', 'height');
    }
    return changed;
  },
};

/** A mark that says both ends, or its middle, has a start and a size of these. */
function span(item: Bag, channels: Bag, swap: boolean, start: 'x' | 'y', size: 'width' | 'height'): void {
  const end = `${start}2`;
  const middle = `${start}c`;
  if (end in channels) {
    if (start in channels) {
      if (swap && num(item[start]) > num(item[end])) [item[start], item[end]] = [item[end], item[start]];
      item[size] = num(item[end]) - num(item[start]);
    } else {
      item[start] = num(item[end]) - num(item[size] ?? 0);
    }
  }
  if (middle in channels) item[start] = num(item[middle]) - num(item[size] ?? 0) / 2;
}

function evaluate(node: Tree, scope: Scope): unknown {
  const part = (name: string): unknown => evaluate(node[name] as Tree, scope);
  switch (node.type) {
    case 'Literal': return node.value;
    case 'Identifier': return identifier(node.name as string, scope);
    case 'MemberExpression': return member(part('object'), node.computed === true ? part('property') : (node.property as Tree).name);
    case 'CallExpression': return call((node.callee as Tree), node.arguments as Tree[], scope);
    case 'ArrayExpression': return (node.elements as Tree[]).map((element) => evaluate(element, scope));
    case 'ObjectExpression': return Object.fromEntries((node.properties as Tree[]).map((property) => {
      const key = property.key as Tree;
      return [text(key.type === 'Literal' ? key.value : key.name), evaluate(property.value as Tree, scope)];
    }));
    case 'ConditionalExpression': return part('test') ? part('consequent') : part('alternate');
    case 'LogicalExpression': return node.operator === '&&' ? part('left') && part('right') : part('left') || part('right');
    case 'UnaryExpression': return unary(node.operator as string, part('argument'));
    case 'BinaryExpression': return binary(node.operator as string, part('left') as number, part('right') as number);
    default: throw new Error(`A chart's expression cannot hold ${node.type}.`);
  }
}

function identifier(name: string, scope: Scope): unknown {
  if (name === 'datum' || name === 'event' || name === 'item') return scope[name];
  return Object.hasOwn(CONSTANTS, name) ? CONSTANTS[name] : scope.params[`$${name}`];
}

function member(object: unknown, key: unknown): unknown {
  if (HIDDEN.has(text(key))) throw new Error(`A chart's expression cannot read \`${text(key)}\`.`);
  return (object as Bag)[key as string];
}

function call(callee: Tree, args: readonly Tree[], scope: Scope): unknown {
  if (callee.type !== 'Identifier') throw new Error("A chart's expression calls only functions by name.");
  // Encoders write `_scale`, `_format` for the ones they reach directly.
  const name = (callee.name as string).replace(/^_/, '');
  if (name === 'if') return evaluate(args[0]!, scope) ? evaluate(args[1]!, scope) : evaluate(args[2]!, scope);
  if (LEFT_OUT.has(name)) throw new Error(`A chart's expression cannot call \`${name}\`; make that column in SQL or Python.`);
  const found = name in Object.prototype ? undefined : scope.fn[name] ?? BUILTINS[name];
  if (found === undefined) throw new Error(`There is no function \`${name}\` in charts.`);
  return found.apply(scope.fn, args.map((arg) => evaluate(arg, scope)));
}

function unary(operator: string, value: unknown): unknown {
  switch (operator) {
    case '-': return -num(value);
    case '+': return num(value);
    case '~': return ~num(value);
    default: return !value;
  }
}

function binary(operator: string, a: number, b: number): unknown {
  switch (operator) {
    case '+': return a + b;
    case '-': return a - b;
    case '*': return a * b;
    case '/': return a / b;
    case '%': return a % b;
    case '===': return a === b;
    case '!==': return a !== b;
    // eslint-disable-next-line eqeqeq -- Vega's own meaning
    case '==': return a == b;
    // eslint-disable-next-line eqeqeq -- Vega's own meaning
    case '!=': return a != b;
    case '<': return a < b;
    case '<=': return a <= b;
    case '>': return a > b;
    case '>=': return a >= b;
    case '&': return a & b;
    case '|': return a | b;
    case '^': return a ^ b;
    case '<<': return a << b;
    case '>>': return a >> b;
    case '>>>': return a >>> b;
    default: throw new Error(`A chart's expression cannot use \`${operator}\`.`);
  }
}
