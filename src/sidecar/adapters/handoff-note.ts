/** The note of a handoff: in the environment of a process that replaced another weir, then in its memory. */
import { readText, recordText } from '../../platform/record.ts';
import { HANDOFF_NOTE } from '../records/handoff-records.ts';

const VARIABLE = 'WEIR_HANDOFF';

/** A note as one weir leaves it for the next. */
export type HandoffNote = NonNullable<ReturnType<typeof readNote>>;

/** The note by which this process can still go back; null: it was started as it is, or goes on by itself now. */
let pending = readNote();

/** The note of this process, taken out of the environment, which Envoy and every tool inherit. Null: there is none. */
export function takeHandoffNote(): HandoffNote | null {
  delete process.env[VARIABLE];
  return pending;
}

/** From now on this process does not go back. */
export function forgetFormer(): void {
  pending = null;
}

/** Goes on as the former weir, if this process has replaced one and may still go back; else does nothing. */
export function goBackIfPending(problem: string): void {
  if (pending === null || pending.back === null || process.execve === undefined) return;
  becomeOther(pending.back, { ...pending, back: null, problem });
}

/** Replaces this process by a command with a note. Does not return. */
export function becomeOther([file = '', ...words]: readonly string[], note: HandoffNote): never {
  if (process.execve === undefined) throw new Error('this Node cannot replace its process');
  return process.execve(file, [file, ...words], { ...process.env, [VARIABLE]: recordText(HANDOFF_NOTE, note) });
}

/** What no weir wrote is no note. */
function readNote() {
  const text = process.env[VARIABLE];
  if (text === undefined) return null;
  const reading = readText(HANDOFF_NOTE, text);
  return reading.state === 'read' ? reading.value : null;
}
