/**
 * Volumes of skills: folders by name. A notebook says its own (`skills: [skills, team=../team/skills]` in the front matter), or has
 * the folder `skills/` beside it and beside each folder above it, up to the workspace's root.
 *
 * A volume without a name is called by its path, so `volume/skill` then *is* the path of the skill.
 */

/** A folder with skills, and what it is called. Paths have `/` and are relative to whoever reads. */
export interface Volume { readonly name: string; readonly path: string }

/** `team=../team/skills`, or a path alone. */
export function volumeOf(text: string): Volume {
  const said = /^([A-Za-z0-9][\w.-]*)=(.+)$/.exec(text);
  const path = (said?.[2] ?? text).replace(/^(?:\.\/+)+/, '').replace(/\/+$/, '') || '.';
  return { name: said?.[1] ?? path, path };
}

/**
 * The volumes of a notebook.
 * @param said what its front matter says
 * @param folder of the notebook, relative to the workspace's root
 */
export function skillVolumes(said: readonly string[] | undefined, folder: string): readonly Volume[] {
  if (said !== undefined) return said.map(volumeOf);
  const depth = folder === '' ? 0 : folder.split('/').length;
  return Array.from({ length: depth + 1 }, (_, up) => volumeOf(`${'../'.repeat(up)}skills`));
}
