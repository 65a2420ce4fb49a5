/**
 * Keeps what was listed before a server came back. A Nacos that starts again knows no instance until its clients have
 * registered once more: for a while its lists are empty or short, and say nothing about who is there.
 */

/** How long after a connection a list that lost somebody is not believed, in milliseconds. */
export const RESTART_HOLD_MS = 30_000;

/** The lists of one registry. Pure: the caller passes the time in. */
export class RestartHold<Item> {
  /** What was told last, by service and id. */
  readonly #told = new Map<string, ReadonlyMap<string, Item>>();
  /** Lists that are not believed yet, as they were last. */
  readonly #short = new Map<string, ReadonlyMap<string, Item>>();
  #untilMs = Number.NEGATIVE_INFINITY;

  /** The connection is new, the first one excepted: what it lists may be short. */
  reconnected(nowMs: number): void {
    if (this.#told.size > 0) this.#untilMs = nowMs + RESTART_HOLD_MS;
  }

  /** When held lists are believed; null without one. */
  get dueAtMs(): number | null {
    return this.#short.size === 0 ? null : this.#untilMs;
  }

  /** Takes a list; the list to tell. While lists may be short, who was there stays, and who joins is there at once. */
  take(service: string, items: ReadonlyMap<string, Item>, nowMs: number): ReadonlyMap<string, Item> {
    const before = this.#told.get(service) ?? new Map<string, Item>();
    const isShort = [...before.keys()].some((id) => !items.has(id));
    if (nowMs < this.#untilMs && isShort) {
      this.#short.set(service, items);
      const merged = new Map([...before, ...items]);
      this.#told.set(service, merged);
      return merged;
    }
    this.#short.delete(service);
    this.#told.set(service, items);
    return items;
  }

  /** Services whose last list is not believed; at `dueAtMs` they are to be listed once more. */
  get services(): readonly string[] {
    return [...this.#short.keys()];
  }
}
