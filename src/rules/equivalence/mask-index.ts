/** The values of a leaf that one row accepts: any, a closed list (by their leafKey), or those that pass a test. */
export type Domain = 'any' | readonly string[] | 'test';

/** Answers "which rows hold for this value" without asking every row: most rows of a long list name a few constants. */
export class MaskIndex {
  private readonly always: bigint;
  private readonly tested: readonly number[];
  private readonly listed = new Map<string, number[]>();
  private readonly every: readonly number[];

  constructor(rows: readonly Domain[]) {
    let always = 0n;
    const tested: number[] = [];
    const every: number[] = [];
    rows.forEach((domain, index) => {
      if (domain === 'any') always |= 1n << BigInt(index);
      else {
        every.push(index);
        if (domain === 'test') tested.push(index);
        else {
          for (const key of new Set(domain)) {
            const list = this.listed.get(key);
            if (list === undefined) this.listed.set(key, [index]);
            else list.push(index);
          }
        }
      }
    });
    this.always = always;
    this.tested = tested;
    this.every = every;
  }

  /** The rows that hold, as bits. A value without a key (null, an object) is put to every row, for a row may throw over it. */
  mask(key: string | null, holds: (index: number) => boolean): bigint {
    let mask = this.always;
    const rows = key === null ? this.every : [...this.tested, ...(this.listed.get(key) ?? [])];
    for (const index of rows) if (holds(index)) mask |= 1n << BigInt(index);
    return mask;
  }
}
