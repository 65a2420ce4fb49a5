/** A supervisor that listens and does not answer: what is said of it. */
import type { SidecarJournalEntry } from '../ports.ts';

/** Every supervisor notes its process number when it begins; null when the journal has none. */
export function lastSupervisor(entries: readonly SidecarJournalEntry[]): number | null {
  return entries.findLast((entry) => entry.kind === 'supervisor')?.pid ?? null;
}

/** The sentence without its subject's name: ` (pid 70) does not answer: ...`. */
export function silentWords(pid: number | null): string {
  return `${pid === null ? '' : ` (pid ${pid})`} does not answer: it is stopped or overloaded`;
}
