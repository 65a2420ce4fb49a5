/** The layout of weir's conntrack marks: magic byte, slot, direction. */
import type { Match } from './ruleset.ts';

/** Which way a diverted connection goes, seen from the application. */
export type Direction = 'outbound' | 'inbound';

/** The byte that says "weir" in bits 31-24 of a conntrack mark: ASCII `W`. */
export const MARK_MAGIC = 0x57000000;

/** Selects the magic byte: `ct mark & MARK_MAGIC_MASK == MARK_MAGIC` finds every connection that weir diverted. */
export const MARK_MAGIC_MASK = 0xff000000;

/** Selects magic and slot, so one listing finds both directions of one application. */
export const MARK_APP_MASK = 0xffffff00;

/** The highest slot an application can have: the mark has 16 bits for it. */
export const MAX_SLOT = 0xffff;

/** The packet mark of a remembered connection: no application's, and routed like theirs. */
export const ROUTE_MARK = 0x57000000;

/**
 * The conditions under which a connection carries another program's mark. Routing may depend on that mark, so such a
 * connection is left alone and its mark is never written.
 */
export const FOREIGN_MARK: readonly Match[] = [
  { on: 'mark', mark: 0, mask: 0xffffffff, negate: true },
  { on: 'mark', mark: MARK_MAGIC, mask: MARK_MAGIC_MASK, negate: true },
];

const DIRECTION_BITS: Record<Direction, number> = { outbound: 0x10, inbound: 0x20 };

/** The content of a conntrack mark of weir. */
export interface MarkOwner {
  readonly slot: number;
  readonly direction: Direction;
}

/**
 * The conntrack mark of one application's diverted connections, an unsigned 32-bit number:
 * `0x57 | slot (16 bits) | direction (0x10 outbound, 0x20 inbound)`.
 * @throws RangeError when the slot is not within 1..MAX_SLOT (a bug of the caller)
 */
export function encodeMark(owner: MarkOwner): number {
  if (!Number.isInteger(owner.slot) || owner.slot < 1 || owner.slot > MAX_SLOT) {
    throw new RangeError(`slot ${owner.slot} is not within 1..${MAX_SLOT}`);
  }
  // Bit operators work on signed 32-bit numbers; `>>> 0` gives the unsigned value that nft and conntrack print.
  return (MARK_MAGIC | (owner.slot << 8) | DIRECTION_BITS[owner.direction]) >>> 0;
}

/** The owner that a conntrack mark names, or null when the mark is not one of weir's. */
export function decodeMark(mark: number): MarkOwner | null {
  if ((mark & MARK_MAGIC_MASK) >>> 0 !== MARK_MAGIC) return null;
  const slot = (mark >>> 8) & MAX_SLOT;
  const bits = mark & 0xff;
  if (slot === 0) return null;
  if (bits === DIRECTION_BITS.outbound) return { slot, direction: 'outbound' };
  if (bits === DIRECTION_BITS.inbound) return { slot, direction: 'inbound' };
  return null;
}

/** A mark as nft prints it: `0x57000110`. */
export function formatMark(mark: number): string {
  return `0x${mark.toString(16).padStart(8, '0')}`;
}
