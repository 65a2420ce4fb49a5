/** The texts of something that was thrown. */
import { WeirError } from './weir-error.ts';

/** The message of an error; anything else as text. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** What went wrong and why, on one line; of anything but a WeirError the message alone. */
export function reasonOf(thrown: unknown): string {
  const text = thrown instanceof WeirError ? `${thrown.message}: ${thrown.why}` : messageOf(thrown);
  return text.replaceAll(/\s+/g, ' ');
}
