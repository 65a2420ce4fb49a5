/** Composition of a supervisor's process: its replacement by another weir, and its beginning as such a one. */
import { reasonOf } from '../errors/message-of.ts';
import { runTool } from '../platform/exec.ts';
import { weirArgv } from '../platform/process/programs.ts';
import { becomeOther, forgetFormer, goBackIfPending, takeHandoffNote } from './adapters/handoff-note.ts';
import { weirBuild } from './adapters/weir-build.ts';
import { type RunTask, runArguments } from './cli/run-words.ts';
import type { SupervisorFacts } from './records/handoff-records.ts';
import { SupervisorProcess } from './supervisor/supervisor-process.ts';
import { trialProblem } from './supervisor/trial-problem.ts';

/** How long another weir may try its start, and how long it may take to adopt everything, in ms. */
const [TRIAL_MS, ADOPTION_MS] = [60_000, 30_000] as const;

/** The process of this supervisor, and the handoff by which it came. */
export interface OwnProcess {
  readonly supervisors: SupervisorProcess;
  /** A sidecar serves or is adopted. */
  up(name: string): void;
  /** A sidecar cannot be supervised. Does not return if it was handed over: the former weir goes on then. */
  failed(name: string, error: unknown): void;
  /** Why the other weir gave the sidecars back to this one; null: nothing was given back. */
  readonly problem: string | null;
  /** Whether the process was told to end while it was being replaced. */
  readonly isToldToStop: boolean;
  /** Becomes the weir that was asked for. Does not return. */
  become(isToldToStop: boolean): Promise<never>;
}

/** Opens the process. `obstacle`: why it can never be replaced. */
export async function openProcess(task: RunTask, obstacle: string | null): Promise<OwnProcess> {
  const weir = await weirBuild(task.weirVersion);
  const note = takeHandoffNote();
  const missing = new Set(note?.back === null ? [] : note?.sidecars);
  let isPending = missing.size > 0;
  if (!isPending) forgetFormer();
  const args = runArguments(task);

  function handoff(): SupervisorFacts['handoff'] {
    if (note === null) return null;
    const { id, back, problem } = note;
    if (back === null) return { id, state: 'failed', reason: problem };
    return { id, state: isPending ? 'pending' : 'done', reason: null };
  }

  if (isPending) {
    const late = () => goBackIfPending(`not adopted within ${ADOPTION_MS / 1000} s: ${[...missing].join(', ')}`);
    setTimeout(late, ADOPTION_MS).unref();
  }
  const cannot = process.execve === undefined ? `Node ${process.versions.node} cannot replace its process` : null;
  const supervisors = new SupervisorProcess({
    facts: () => ({ pid: process.pid, weir, handoff: handoff() }),
    obstacle: obstacle ?? cannot,
    async trial(program) {
      const json = args.includes('--json') ? [] : ['--json'];
      const [file = '', ...words] = [...program, ...args, '--dry-run', ...json];
      const { exitCode, stdout, stderr } = await runTool([file, ...words], { timeoutMs: TRIAL_MS, reject: false });
      if (exitCode !== 0) throw new Error(trialProblem(exitCode, stdout, stderr));
    },
  });
  return {
    supervisors,
    problem: note?.problem ?? null,
    isToldToStop: note?.stop ?? false,
    up(name) {
      missing.delete(name);
      if (missing.size > 0) return;
      isPending = false;
      forgetFormer();
    },
    failed(name, error) {
      if (missing.has(name)) goBackIfPending(`${name}: ${reasonOf(error)}`);
    },
    async become(stop) {
      const { asked, sidecars } = await supervisors.replaced;
      const back = [...weirArgv([]), ...args];
      becomeOther([...asked.program, ...args], { id: asked.id, back, problem: null, sidecars, stop });
    },
  };
}

/** Goes on as the former weir when this one ends before it has adopted everything. */
export function goBackOnFailure(problem: string): void {
  goBackIfPending(problem);
}
