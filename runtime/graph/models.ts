/**
 * Models of a graph: the profile behind each name that a prompt says, found anew whenever the files are read, and never kept with the
 * analysis of a body: a profile is a file of its own. With it a node has what other kinds have from their bodies: what it asks of the
 * network, and its engine.
 */
import type { ModelProfile } from '../../contracts/models.ts';
import type { Models } from '../models/models.ts';
import { canonical } from '../providers/canonical.ts';
import { networkOf } from '../providers/network-use.ts';
import type { Graph } from './graph.ts';
import { folderOf, type FoundModel, type GraphNode } from './node.ts';

/** Finds the models of all nodes that ask one. @returns paths of the nodes whose model is another than before */
export function findModels(graph: Graph, models: Models | undefined): readonly string[] {
  const changed: string[] = [];
  for (const node of graph.nodes()) {
    const { analysis, model: before } = node.description;
    if (analysis.model === undefined) continue;
    const found = foundModel(node, analysis.model, models);
    if (JSON.stringify(found) === JSON.stringify(before)) continue;
    if (before !== undefined) changed.push(node.path);
    const { network: _, ...own } = analysis;
    const network = found.profile === undefined ? undefined : networkOf(found.profile);
    node.description = {
      ...node.description, model: found, analysis: network === undefined ? own : { ...own, network },
      engines: found.profile?.provider === 'llama' ? ['llama'] : [],
    };
  }
  return changed;
}

function foundModel(node: GraphNode, reference: string, models: Models | undefined): FoundModel {
  if (models === undefined) return { reason: 'there are no models in this host' };
  return models.find(reference, folderOf(node));
}

/** What of a profile can change an answer: not what it is called, where it lies, what it is said to be, what it costs. A model's file is known by its hash, which is the engine's part of the key. */
export function modelComponent(profile: ModelProfile): string {
  return canonical(Object.fromEntries(Object.entries(profile).filter(([key]) => !TOLD_ONLY.has(key))));
}

const TOLD_ONLY: ReadonlySet<string> = new Set(['name', 'path', 'about', 'price', 'file']);
