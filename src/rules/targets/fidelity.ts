/** The order of fidelities, from best to worst. */
import type { Fidelity } from './target.ts';

const ORDER: readonly Fidelity[] = ['exact', 'noted', 'lossy', 'refused'];

/** The worse of two levels. */
export function worseFidelity(left: Fidelity, right: Fidelity): Fidelity {
  return ORDER.indexOf(left) >= ORDER.indexOf(right) ? left : right;
}
