/** An application that is to be switched off. */
import type { KnownApp } from './known-apps.ts';

/** An application to switch off, as it was found; one that was never on has no slot. */
export interface OffTarget {
  readonly name: string;
  readonly known: KnownApp | null;
  readonly slot: number | null;
}
