/** What goes into the archive of `weir support`, and what could not be had. */
import { messageOf } from '../errors/message-of.ts';
import { Redactor } from './redact.ts';

/** One file of the archive before it is read. */
export interface SupportItem {
  /** Its path in the archive. */
  readonly name: string;
  /** Where it comes from, for humans: a command line or a path. */
  readonly from: string;
  /** Rejects when it cannot be had. */
  readonly read: () => Promise<string>;
}

/** One that is in the archive, or would be; null bytes: not read (dry run). */
export interface SupportEntry {
  readonly name: string;
  readonly from: string;
  readonly bytes: number | null;
}

/** One that could not be had. */
export interface SupportGap {
  readonly name: string;
  readonly from: string;
  readonly why: string;
}

/** All of it, cleaned. */
export interface SupportContent {
  readonly entries: readonly SupportEntry[];
  readonly gaps: readonly SupportGap[];
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Reads every item; one that fails is a gap and stops nothing. Secrets that any text names are taken out of all texts.
 * `secrets` are values that are secret by where they are kept.
 */
export async function gather(items: readonly SupportItem[], secrets: readonly string[]): Promise<SupportContent> {
  const redactor = new Redactor();
  for (const secret of secrets) redactor.know(secret);
  const gaps: SupportGap[] = [];
  const read = new Map<string, { readonly from: string; readonly text: string }>();
  for (const { name, from, read: open } of items) {
    try {
      const text = await open();
      redactor.learn(text);
      read.set(name, { from, text });
    } catch (error) {
      gaps.push({ name, from, why: redactor.clean(messageOf(error)) });
    }
  }
  const entries: SupportEntry[] = [];
  const files = new Map<string, string>();
  for (const [name, { from, text }] of read) {
    const cleaned = redactor.clean(text);
    files.set(name, cleaned);
    entries.push({ name, from, bytes: Buffer.byteLength(cleaned) });
  }
  return { entries, gaps, files };
}
