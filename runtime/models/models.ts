/**
 * Models: how a name in a prompt becomes a profile. A name is looked for as `NAME.model.yaml` and `models/NAME.model.yaml`, in the notebook's folder
 * and each one above it up to the workspace's root, then in the person's own folder of models; `provider/model` needs no file.
 */
import type { ModelProfile } from '../../contracts/models.ts';

/** What a host knows of models. Looking runs nothing and asks nobody (D8). */
export interface Models {
  /** @param folder of the notebook, relative to the workspace's root @returns with a reason the path of the profile in the workspace that cannot be read, if it is one */
  find(reference: string, folder: string): { readonly profile: ModelProfile } | { readonly reason: string; readonly path?: string };
}
