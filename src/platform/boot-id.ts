/** Which boot of which kernel this is. */
import { readFileSync } from 'node:fs';

/** The kernel's boot_id, another one after each boot; null where it cannot be read. */
export function ownBootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}
