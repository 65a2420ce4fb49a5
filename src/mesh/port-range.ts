/** Ports and port ranges of mesh.yaml: reading, merging, subtracting, printing. */
import type { PortRange } from './mesh-config.ts';
import { quoteValue, type ReadValue, refuseValue } from './yaml/field-value.ts';

/** The ports of TCP that a connection can have: 0 means "any" to the kernel. */
export const MAX_PORT = 65_535;

/** A port as text: digits only. */
export const PORT_PATTERN = '^[0-9]{1,5}$';

/** A port or a range as text. */
export const PORT_RANGE_PATTERN = '^[0-9]{1,5}(-[0-9]{1,5})?$';

const BOUNDS = `a port lies between 1 and ${MAX_PORT}`;
const WRITE_PORT = 'write a port, such as 15001';
const WRITE_RANGE = 'write a port (20880) or a range (8000-9000)';

/** One port of mesh.yaml: `15001` or `"15001"`. */
export function readPort(value: unknown): ReadValue<number> {
  const port = typeof value === 'string' && /^[0-9]+$/.test(value) ? Number(value) : value;
  if (typeof port !== 'number') return refuseValue(`${quoteValue(value)} is not a port`, BOUNDS, WRITE_PORT);
  if (!isPort(port)) return refuseValue(`${quoteValue(value)} is not a port`, BOUNDS, WRITE_PORT);
  return { value: port };
}

/** One port or range of mesh.yaml: `20880`, `"20880"` or `"8000-9000"` (both ends included). */
export function readPortRange(value: unknown): ReadValue<PortRange> {
  const refuse = (why: string, hint = WRITE_RANGE) =>
    refuseValue(`${quoteValue(value)} is not a port or a range of ports`, why, hint);
  if (typeof value === 'number') return isPort(value) ? { value: { from: value, to: value } } : refuse(BOUNDS);
  if (typeof value !== 'string') return refuse(BOUNDS);
  const match = /^([0-9]+)(?:-([0-9]+))?$/.exec(value);
  if (match === null) {
    // What iptables, nft and other tools write; here each is a list item or a hyphen.
    if (/^[0-9]+(-[0-9]+)?( *, *[0-9]+(-[0-9]+)?)+$/.test(value)) {
      return refuse(
        'several ports are several items of the list',
        `write [${value.replaceAll(' ', '').replaceAll(',', ', ')}]`,
      );
    }
    if (/^[0-9]+ *[-:\u2013] *[0-9]+$/.test(value)) {
      return refuse(
        'a range has a hyphen between two numbers, without spaces',
        `write ${value.replace(/ *[-:\u2013] */, '-')}`,
      );
    }
    return refuse(BOUNDS);
  }
  const from = Number(match[1]);
  const to = match[2] === undefined ? from : Number(match[2]);
  if (!isPort(from) || !isPort(to)) return refuse(BOUNDS);
  if (from > to) return refuse('the range begins above its end', `write ${to}-${from}`);
  return { value: { from, to } };
}

/** The ranges sorted, with overlapping and adjoining ones merged. Empty stays empty. */
export function mergePortRanges(ranges: readonly PortRange[]): readonly PortRange[] {
  const merged: { from: number; to: number }[] = [];
  for (const range of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && range.from <= last.to + 1) last.to = Math.max(last.to, range.to);
    else merged.push({ ...range });
  }
  return merged;
}

/** What is left of `ranges` (merged) without `removed` (merged). */
export function subtractPortRanges(ranges: readonly PortRange[], removed: readonly PortRange[]): readonly PortRange[] {
  let left = [...ranges];
  for (const hole of removed) {
    left = left.flatMap((range) => {
      if (hole.to < range.from || hole.from > range.to) return [range];
      const below = { from: range.from, to: hole.from - 1 };
      const above = { from: hole.to + 1, to: range.to };
      return [below, above].filter(({ from, to }) => from <= to);
    });
  }
  return left;
}

/** `20880` or `8000-9000`: the text that `readPortRange` reads as this range. */
export function formatPortRange({ from, to }: PortRange): string {
  return from === to ? String(from) : `${from}-${to}`;
}

function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= MAX_PORT;
}
