/** The control socket of the discovery agent, from both sides. */
import { join } from 'node:path';
import { WeirError } from '../../errors/weir-error.ts';
import { askAgent, type ExchangeLines } from '../../platform/agent/ask-agent.ts';
import { type AgentHandlers, answerLine, type CommandOf, type RequestOf } from '../../platform/agent/protocol.ts';
import { type ControlSocket, exchangeLines, serveControlSocket } from '../../platform/control-socket.ts';
import { AGENT_PROTOCOL } from '../records/agent-protocol.ts';
import type { AgentLine } from '../usecases/ask-discovery.ts';

type Protocol = typeof AGENT_PROTOCOL;

/** The agent of a host, or a control plane of another stage: each has folders of its own, so that they run side by side. */
export type AgentStage = 'agent' | 'pod' | 'central';

/** The name of its folder in run and state directory. */
export function agentFolder(stage: AgentStage): string {
  return stage === 'agent' ? 'discovery' : `discovery-${stage}`;
}

/** The control socket of the agent of a run directory. */
export function agentSocketPath(runDir: string, stage: AgentStage = 'agent'): string {
  return join(runDir, agentFolder(stage), 'control.sock');
}

/** Serves it. Throws WEIR6007 while another agent does. */
export function serveAgentSocket(
  runDir: string,
  stage: AgentStage,
  handlers: AgentHandlers<Protocol>,
): Promise<ControlSocket> {
  const path = agentSocketPath(runDir, stage);
  return serveControlSocket(
    path,
    (line, write, gone) => answerLine(AGENT_PROTOCOL, handlers, line, write, gone),
    (held, cause) =>
      new WeirError('WEIR6007', {
        what: `another discovery agent serves ${held}`,
        why: 'a run directory has one agent: its lock is held',
        hint: 'see `weir discovery status`; stop the other one first',
        ...(cause === undefined ? {} : { cause }),
      }),
  );
}

/** An agent answers within milliseconds; one that is stopped, or hangs, takes the request and says nothing. */
const ANSWER_MS = 10_000;

/**
 * The line to the agent of a run directory; see `askAgent` for what asking throws. `answerMs`: after which silence is told
 * as such, in milliseconds.
 */
export function agentLine(runDir: string, stage: AgentStage = 'agent', answerMs = ANSWER_MS): AgentLine {
  const socket = agentSocketPath(runDir, stage);
  const exchange: ExchangeLines = (line, onLine, signal) => exchangeLines(socket, line, onLine, signal);
  return {
    socket,
    async ask<C extends CommandOf<Protocol>>(request: RequestOf<Protocol, C> & { readonly command: C }) {
      const limit = AbortSignal.timeout(answerMs);
      const answer = await askAgent<Protocol, C>(AGENT_PROTOCOL, exchange, request, () => {}, limit);
      return answer.kind === 'gone' && limit.aborted ? { kind: 'silent', afterMs: answerMs } : answer;
    },
  };
}
