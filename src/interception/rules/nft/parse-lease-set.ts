/** Milliseconds of each unit in which nft prints a time. */
const UNITS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/**
 * The remaining milliseconds of each mark in the output of `nft list set`. It reads the text form, because `nft -j` of
 * 1.0.6 prints whole seconds only.
 */
export function parseNftLeaseSet(text: string): ReadonlyMap<number, number> {
  const elements = text.matchAll(/(0x[0-9a-f]+) timeout \S+ expires (\S+?)(?=[\s,]|$)/g);
  return new Map([...elements].map(([, mark, time]) => [Number(mark), parseTime(time ?? '')]));
}

function parseTime(text: string): number {
  const parts = text.matchAll(/(\d+)(ms|[dhms])/g);
  return [...parts].reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0), 0);
}
