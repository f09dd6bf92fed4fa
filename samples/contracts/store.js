/**
 * TeliOs Store: the single state of the TeliOs ecosystem, under the contract TELIO-U001.
 */
import { emit } from './events.js';

const STORAGE_KEY = 'TELIOS_STATE';

/** What every module begins with. */
const DEFAULT_STATE = {
  arke: { type: null, level: 1 },
  kayros: { start: null, totalDays: 0 },
};

const store = (() => {
  const copy = (value) => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

  const load = () => {
    try {
      return { ...copy(DEFAULT_STATE), ...JSON.parse(localStorage.getItem(STORAGE_KEY)) };
    } catch {
      return copy(DEFAULT_STATE);
    }
  };

  let state = load();

  const save = (key, value) => {
    emit('state:changed', { key, value });
    try {
      localStorage.setItem(STORAGE_KEY, JSON.stringify(state));
      return true;
    } catch {
      // The state stays in memory.
      return false;
    }
  };

  const getState = (key) => copy(key === undefined ? state : key.split('.').reduce((part, name) => part?.[name], state));

  const setState = (key, value) => {
    const names = key.split('.');
    const last = names.pop();
    const next = copy(state);
    let part = next;
    for (const name of names) {
      if (part[name] === null || typeof part[name] !== 'object') part[name] = {};
      part = part[name];
    }
    part[last] = copy(value);
    state = next;
    return save(key, value);
  };

  const resetModule = (module) => {
    state = { ...state, [module]: copy(DEFAULT_STATE[module]) };
    return save(module, getState(module));
  };

  return { getState, setState, resetModule };
})();

/** Returns the state, or the part under a key in dot-notation (`kayros.start`); `undefined` when there is none. */
export const getState = (key) => store.getState(key);

/** Sets the part under a key, keeps it in localStorage and tells it; `false` when localStorage failed. */
export const setState = (key, value) => store.setState(key, value);

/** Gives a module its default values again. */
export const resetModule = (module) => store.resetModule(module);

// TEST: T001 setState('arke.type', 'fire') is kept under TELIOS_STATE, read back, and told as state:changed
// TEST: T002 setState('kayros.totalDays', 1096) is read back alone and as part of kayros
// TEST: T003 with a localStorage that is full, setState gives false and getState answers from memory
