/** The last few of many: a map that forgets its oldest entry when it is full. What is bounded so may be told twice, never kept for ever. */
export class Recent<V> {
  readonly #map = new Map<string, V>();
  readonly #most: number;

  constructor(most: number) { this.#most = most; }

  get(key: string): V | undefined { return this.#map.get(key); }
  has(key: string): boolean { return this.#map.has(key); }

  set(key: string, value: V): void {
    this.#map.delete(key);
    this.#map.set(key, value);
    if (this.#map.size > this.#most) for (const oldest of this.#map.keys()) { this.#map.delete(oldest); break; }
  }
}
