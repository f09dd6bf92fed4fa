/**
 * The action key (P1): SHA-256 of a canonical record of all that can change a step's result, and of nothing else (P2). The
 * record stays readable: `why` compares two of them component by component.
 *
 * The record's values are strings, so RFC 8785 comes down to sorted names and JSON's own string form.
 */
import type { Contract } from '../../contracts/contract.ts';
import type { ValueRef } from '../../contracts/values.ts';
import { skillVolumes } from '../../nodes/skill/folders.ts';
import type { Sha256 } from '../ports.ts';
import { modelComponent } from './models.ts';
import { folderOf, type GraphNode } from './node.ts';

/** Parts of a key by name: `kind`, `code`, `module.M`, `input.P`, `param.K`, `engine.E`, `self`, `skills`, `model`, `locale`, `covenant`. */
export type Components = Readonly<Record<string, string>>;

/** Every engine runs with this time zone and locale. */
export const LOCALE = 'UTC C.UTF-8';

/** What a key takes of the host. */
export interface KeyFacts {
  readonly sha256: Sha256;
  /** Versions of kind and parser. */
  version(kind: string): string;
  contract(kind: string): Contract | undefined;
  /** Names of the params of a kind that can change a result. */
  keyParams(kind: string): readonly string[];
  /** Identity of an engine under the settings of this node. */
  engine(name: string, params: Readonly<Record<string, unknown>>): Readonly<Record<string, string>>;
  /** What stands for a secret; `undefined` when it is not set. */
  secret(name: string): string | undefined;
}

/** The components that no input changes. `modules` are the helpers of the node's closure by their normal forms. */
export function staticComponents(node: GraphNode, engines: readonly string[], modules: Readonly<Record<string, { readonly normal: string }>>, facts: KeyFacts): Components {
  const { description } = node;
  const { analysis, kind, params } = description;
  const contract = facts.contract(kind);
  const components: Record<string, string> = {
    kind: `${contract?.id ?? kind}@${contract?.version ?? '0'} ${facts.version(kind)}`,
    code: facts.sha256(analysis.normal),
    locale: LOCALE,
  };
  if (analysis.binds.some((bind) => bind.name === node.id && bind.output)) components.self = node.id;
  for (const name in modules) components[`module.${name}`] = facts.sha256((modules[name] as { normal: string }).normal);
  // The class enters where the fence makes it another than the body or kind does. An effect is one of its place: elsewhere it is another.
  const own = analysis.effect ?? 'pure';
  const effect = params.effect ?? own;
  if (analysis.skills === true) components.skills = JSON.stringify(skillVolumes(node.scope.document.frontMatter.skills, folderOf(node)).map(({ name, path }) => [name, path]));
  if (effect === 'effect') components.folder = folderOf(node);
  // The key of a model's service says who pays, not what is answered.
  if (description.model === undefined) for (const name of analysis.network?.secrets ?? []) components[`secret.${name}`] = facts.secret(name) ?? 'none';
  if (description.model?.profile !== undefined) components.model = facts.sha256(modelComponent(description.model.profile));
  for (const name of facts.keyParams(kind)) if (params[name] !== undefined && !(name === 'effect' && effect === own)) components[`param.${name}`] = JSON.stringify(params[name]);
  for (const name of engines) components[`engine.${name}`] = engineComponent(facts.engine(name, params));
  return components;
}

/** The component of a port that has no value: an optional wire from what does not run. */
export const NOTHING = 'null';

/** How a value enters a key: by form and content; a media type counts where it is part of what the reader sees. */
export function refComponent(ref: ValueRef | undefined): string {
  if (ref === undefined) return NOTHING;
  return ref.mediaType === undefined ? `${ref.form}:${ref.hash}` : `${ref.form}:${ref.hash}:${ref.mediaType}`;
}

/** How an engine enters a key. */
export const engineComponent = (identity: Readonly<Record<string, string>>): string => JSON.stringify(Object.entries(identity).sort(([a], [b]) => (a < b ? -1 : 1)));

/** The key of a record of components. */
export function actionKey(components: Components, sha256: Sha256): string {
  const names = Object.keys(components).sort();
  let record = '';
  for (const name of names) record += `${record === '' ? '{' : ','}${JSON.stringify(name)}:${JSON.stringify(components[name])}`;
  return sha256(record === '' ? '{}' : `${record}}`);
}

/** One component that differs between two keys. */
export interface ComponentChange { readonly component: string; readonly before?: string; readonly after?: string }

/** The difference of two records, by name. */
export function changedComponents(before: Components, after: Components): ComponentChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.filter((name) => before[name] !== after[name]).map((component) => ({
    component,
    ...(before[component] === undefined ? {} : { before: before[component] }),
    ...(after[component] === undefined ? {} : { after: after[component] }),
  }));
}
