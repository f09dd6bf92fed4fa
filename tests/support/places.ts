/** Workspaces of a test file that are taken away after the test that made them. */
import { afterEach } from 'vitest';
import { createPlace, type Place } from './cli.ts';

/** `createPlace` for the tests of this file. Called once, at the top. */
export function usePlaces(): typeof createPlace {
  const places: Place[] = [];
  afterEach(() => { for (const one of places.splice(0)) one.remove(); });
  return (files) => {
    const made = createPlace(files);
    places.push(made);
    return made;
  };
}
