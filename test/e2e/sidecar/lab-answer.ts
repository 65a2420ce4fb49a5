/** What a command of weir answers in a lab of sidecars. */
import type { ChildProcess } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** A finished command of weir and the document that it printed. */
export interface LabAnswer {
  readonly code: number | null;
  // biome-ignore lint/suspicious/noExplicitAny: results differ by command, and tests look into them at will.
  readonly json: any;
  readonly stderr: string;
}

/** The answer of a command that was started with `--json`, at its end; `log`: what its supervisor said, for the error without one. */
export async function answerOf(child: ChildProcess, args: readonly string[], log: () => string): Promise<LabAnswer> {
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  if (child.stdout === null || child.stderr === null) throw new TypeError('its output goes elsewhere');
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  try {
    return { code, json: JSON.parse(stdout), stderr };
  } catch {
    throw new Error(`weir ${args.join(' ')} (exit ${code}) printed no JSON: ${stdout}\n${stderr}\n${log()}`);
  }
}
