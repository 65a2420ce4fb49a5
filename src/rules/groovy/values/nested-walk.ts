/** The limit on walks through nested values. */
import { OpaqueSignal } from '../machine/exceptions.ts';

/** Most values inside of one value that are looked at: a list may hold one list twice, which holds one twice, ... */
const WALK_LIMIT = 200_000;

let running = false;
let left = 0;

/**
 * Runs a part of a recursion through nested values that takes `count` values. @throws OpaqueSignal when all parts of one
 * recursion take too many.
 */
export function walkNested<T>(count: number, walk: () => T): T {
  const outermost = !running;
  if (outermost) left = WALK_LIMIT;
  left -= count + 1;
  if (left < 0) throw new OpaqueSignal('size-limit', `values of more than ${WALK_LIMIT} parts`);
  running = true;
  try {
    return walk();
  } finally {
    if (outermost) running = false;
  }
}
