/**
 * A contract: five sections of YAML that say what a node kind takes, gives, promises and must not do.
 *
 * The sections are those of the seed's TELIO-U001 (metadata, interface, dependencies, constraints, acceptance_tests); a node
 * kind's contract uses `interface.ports`, `interface.params` and `interface.outputs` where code would use `interface.exports`.
 * The whole file is kept in `raw`, so readers of other sections lose nothing.
 */
import { parse } from 'yaml';
import { TelarError } from './errors.ts';
import type { PortType } from './values.ts';

/** How a step meets the world; see `semantics.md` P7. */
export type EffectClass = 'pure' | 'seeded' | 'observe' | 'effect';

/** A named input that a kind always has (others come from the body's free names). */
interface Port { readonly name: string; readonly type: PortType; readonly required: boolean; readonly description: string }

/** A key of the fence line, or of a YAML body, that a kind understands. */
export interface Param {
  readonly name: string;
  readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'duration' | 'size' | 'enum' | 'list' | 'map' | 'expression' | 'comparators' | 'any';
  readonly values?: readonly string[];
  readonly default?: unknown;
  readonly required: boolean;
  /** Whether it can change the result, and so is part of the action key (P1, P2). */
  readonly key: boolean;
  /** `fence`: on the fence line; `body`: in the YAML body. */
  readonly place: 'fence' | 'body';
  readonly description: string;
}

/** One example that is also a test: a notebook, its inputs, and what must come of it. */
interface AcceptanceTest {
  readonly id: string;
  readonly name: string;
  /** A whole notebook text, or the fences of one. */
  readonly notebook?: string;
  /** What a person wrote, in the seed's form. */
  readonly when?: string;
  readonly then: readonly string[];
  /** By node id: the value expected in plain JSON, or `{error: code}`. */
  readonly expect?: Readonly<Record<string, unknown>>;
  /** Files laid beside the notebook. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A parsed contract. */
export interface Contract {
  readonly id: string;
  readonly version: string;
  readonly name: string;
  readonly description: string;
  readonly languages: readonly string[];
  readonly effect: EffectClass;
  readonly ports: readonly Port[];
  readonly params: readonly Param[];
  readonly outputs: readonly { readonly name: string; readonly type: PortType; readonly description: string }[];
  readonly tests: readonly AcceptanceTest[];
  /** The file as plain data. */
  readonly raw: Readonly<Record<string, unknown>>;
}

type Raw = Record<string, unknown>;
const asRecord = (value: unknown): Raw => (value !== null && typeof value === 'object' && !Array.isArray(value) ? value as Raw : {});
const asText = (value: unknown, otherwise = ''): string => (typeof value === 'string' ? value.trim() : value === undefined || value === null ? otherwise : String(value));

/**
 * Reads a contract's YAML.
 * @param text the file
 * @param source its path, for messages
 * @throws TelarError `unreadable` when it is not YAML, or lacks `metadata.id`
 */
export function parseContract(text: string, source = 'contract'): Contract {
  let raw: Raw;
  try {
    raw = asRecord(parse(text));
  } catch (error) {
    throw new TelarError('unreadable', `${source} is not valid YAML: ${(error as Error).message}`, { file: source }, { cause: error });
  }
  const metadata = asRecord(raw.metadata);
  if (asText(metadata.id) === '') throw new TelarError('unreadable', `${source} has no metadata.id; add one.`, { file: source });
  const face = asRecord(raw.interface);
  const behaviour = asRecord(asRecord(raw.constraints).behavior);
  return {
    id: asText(metadata.id), version: asText(metadata.version, '0.0.0'), name: asText(metadata.name), description: asText(metadata.description),
    languages: ([] as unknown[]).concat(metadata.languages ?? metadata.language ?? []).map(String),
    effect: (asText(behaviour.effect, 'pure')) as EffectClass,
    ports: Object.entries(asRecord(face.ports)).map(([name, port]) => parsePort(name, asRecord(port))),
    params: Object.entries(asRecord(face.params)).map(([name, param]) => parseParam(name, asRecord(param))),
    outputs: Object.entries(asRecord(face.outputs)).map(([name, output]) => ({
      name, type: asText(asRecord(output).type, 'any') as PortType, description: asText(asRecord(output).description),
    })),
    tests: (Array.isArray(raw.acceptance_tests) ? raw.acceptance_tests : []).map((test) => parseTest(asRecord(test))),
    raw,
  };
}

function parsePort(name: string, port: Raw): Port {
  return { name, type: asText(port.type, 'any') as PortType, required: port.required === true, description: asText(port.description) };
}

function parseParam(name: string, param: Raw): Param {
  return {
    name, type: asText(param.type, 'string') as Param['type'], required: param.required === true,
    key: param.key !== false, place: param.place === 'body' ? 'body' : 'fence', description: asText(param.description),
    ...(Array.isArray(param.values) ? { values: param.values.map(String) } : {}),
    ...('default' in param ? { default: param.default } : {}),
  };
}

function parseTest(test: Raw): AcceptanceTest {
  return {
    id: asText(test.id), name: asText(test.name), then: ([] as unknown[]).concat(test.then ?? []).map(String),
    ...(typeof test.notebook === 'string' ? { notebook: test.notebook } : {}),
    ...(typeof test.when === 'string' ? { when: test.when } : {}),
    ...(test.expect === undefined ? {} : { expect: asRecord(test.expect) }),
    ...(test.files === undefined ? {} : { files: asRecord(test.files) as Record<string, string> }),
  };
}
