/** The control socket of a sidecar's supervisor, from the side of those who ask. */
import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AgentAnswer, askAgent } from '../../platform/agent/ask-agent.ts';
import { exchangeLines } from '../../platform/control-socket.ts';
import { exists } from '../../platform/exists.ts';
import { nullIfMissing } from '../../platform/null-if-missing.ts';
import {
  CONTROL_PROTOCOL,
  type ControlCommand,
  type ControlEvent,
  type ControlRequest,
  type ControlResult,
} from '../records/control-protocol.ts';
import type { SupervisorLine } from '../usecases/ports.ts';
import { controlSocketPath } from './control-path.ts';
import { sidecarJournalPath, type WeirFolders } from './open-sidecar.ts';
import { openSidecarJournal } from './sidecar-journal.ts';
import { lastSupervisor, silentWords } from './silent-supervisor.ts';

/** A supervisor that says nothing for so long is asked for its status. */
const SILENT_MS = 2000;

/** Asks the supervisor of a sidecar; see `askAgent` for what it throws. */
export function askSupervisorOf<C extends ControlCommand>(
  runDir: string,
  name: string,
  request: ControlRequest<C>,
  onEvent?: (event: ControlEvent) => void,
  signal?: AbortSignal,
): Promise<AgentAnswer<ControlResult<C>>> {
  const path = controlSocketPath(runDir, name);
  const exchange = (line: string, onLine: (line: string) => void) => exchangeLines(path, line, onLine, signal);
  return askAgent<typeof CONTROL_PROTOCOL, C>(CONTROL_PROTOCOL, exchange, request, onEvent, signal);
}

/** The line to the supervisor of a sidecar, for the use cases. `say` is told when the supervisor answers nothing at all. */
export function supervisorLine(
  { runDir, stateDir }: WeirFolders,
  name: string,
  say: (text: string) => void,
): SupervisorLine {
  return {
    socket: controlSocketPath(runDir, name),
    async ask<C extends ControlCommand>(
      request: ControlRequest<C>,
      onEvent: (event: ControlEvent) => void = () => {},
      signal?: AbortSignal,
    ) {
      let isHeard = false;
      const hear = (event: ControlEvent): void => {
        isHeard = true;
        onEvent(event);
      };
      const waiting = new AbortController();
      const answer = askSupervisorOf<C>(runDir, name, request, hear, signal).finally(() => waiting.abort());
      void saySilence(waiting.signal, async () => {
        if (isHeard || (await answersStatus(runDir, name))) return false;
        if (waiting.signal.aborted) return true;
        const { entries } = await openSidecarJournal(sidecarJournalPath(stateDir, name)).read();
        say(`the supervisor of ${name}${silentWords(lastSupervisor(entries))}; waiting for it`);
        return true;
      });
      return answer;
    },
  };
}

/** Looks again and again until the answer has come, or until `look` has said something. Never rejects. */
async function saySilence(done: AbortSignal, look: () => Promise<boolean>): Promise<void> {
  while (!done.aborted) {
    await sleep(SILENT_MS, undefined, { signal: done, ref: false }).catch(() => {});
    if (done.aborted || (await look().catch(() => false))) return;
  }
}

async function answersStatus(runDir: string, name: string): Promise<boolean> {
  const late = AbortSignal.timeout(SILENT_MS);
  const answer = await askSupervisorOf<'status'>(runDir, name, { command: 'status' }, () => {}, late);
  return answer.kind === 'result';
}

/** Names of the sidecars whose supervisors have left a control socket in the run directory. */
export async function supervisedNames(runDir: string): Promise<readonly string[]> {
  const names = (await readdir(runDir).catch(nullIfMissing)) ?? [];
  const there = await Promise.all(names.map((name) => exists(controlSocketPath(runDir, name))));
  return names.filter((_name, index) => there[index]).sort();
}
