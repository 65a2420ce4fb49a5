/** Asks a long-lived program, over whatever line leads to it. */
import {
  type AgentProtocol,
  type CommandOf,
  type EventOf,
  type RequestOf,
  type ResultOf,
  readEvent,
  readReplyLine,
  requestLine,
  requireResult,
} from './protocol.ts';

/** Sends a line and calls back for each line of the answer; resolves at its end to whether anybody listened. */
export type ExchangeLines = (line: string, onLine: (line: string) => void, signal?: AbortSignal) => Promise<boolean>;

/** The answer. `gone`: the agent went away, or the caller stopped waiting, before its result. */
export type AgentAnswer<Result> =
  | { readonly kind: 'result'; readonly result: Result }
  | { readonly kind: 'gone' }
  | { readonly kind: 'nobody' };

/**
 * Asks and resolves to the answer. Throws the error that the agent answers with. Throws WEIR2025 when the agent is a
 * later weir's and this one cannot read it, and WEIR2026 when it answers with something else.
 */
export async function askAgent<P extends AgentProtocol, C extends CommandOf<P>>(
  protocol: P,
  exchange: ExchangeLines,
  request: RequestOf<P, C> & { readonly command: C },
  onEvent: (event: EventOf<P>) => void = () => {},
  signal?: AbortSignal,
): Promise<AgentAnswer<ResultOf<P, C>>> {
  let answer: AgentAnswer<ResultOf<P, C>> = { kind: 'gone' };
  const hear = (line: string) => {
    const reply = readReplyLine(protocol, line);
    if (reply.kind === 'error') throw reply.error;
    if (reply.kind === 'result') {
      answer = { kind: 'result', result: requireResult(protocol, request.command, reply.result) };
      return;
    }
    const event = readEvent(protocol, reply.event);
    if (event !== null) onEvent(event);
  };
  return (await exchange(requestLine(protocol, request), hear, signal)) ? answer : { kind: 'nobody' };
}
