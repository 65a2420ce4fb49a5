/** Requests to the discovery agent of this host. */

import { unreachable } from '../../errors/unreachable.ts';
import { WeirError } from '../../errors/weir-error.ts';
import type { AgentAnswer } from '../../platform/agent/ask-agent.ts';
import type { CommandOf, RequestOf, ResultOf } from '../../platform/agent/protocol.ts';
import type { AGENT_PROTOCOL, AgentStatus, ConsumerRoute } from '../records/agent-protocol.ts';

type Protocol = typeof AGENT_PROTOCOL;

/** The answer of an agent, or its silence: it took the request and said nothing for so long. */
type Answer<Result> = AgentAnswer<Result> | { readonly kind: 'silent'; readonly afterMs: number };

/** The line to the agent. */
export interface AgentLine {
  /** The control socket, for messages. */
  readonly socket: string;
  ask<C extends CommandOf<Protocol>>(
    request: RequestOf<Protocol, C> & { readonly command: C },
  ): Promise<Answer<ResultOf<Protocol, C>>>;
}

/** The state of the agent. Throws WEIR6006 when none answers. */
export async function discoveryStatus(line: AgentLine): Promise<AgentStatus> {
  return required(line, await line.ask({ command: 'status' }));
}

/** Believes a held list now; whether one was held. Throws WEIR6006, and WEIR6009 for an application that nobody consumes. */
export async function confirmList(line: AgentLine, app: string): Promise<boolean> {
  const { known, released } = required(line, await line.ask({ command: 'confirm', app }));
  if (known) return released;
  throw new WeirError('WEIR6009', {
    what: `nobody consumes ${app}`,
    why: 'no application of this host has it under consumes, by its name or by one of its interfaces',
    hint: '`weir discovery status` lists the applications',
  });
}

/**
 * What the Envoy of a consumer was given. Throws WEIR6006, WEIR6009 for a consumer that mesh.yaml does not have, and WEIR6002
 * while the agent has not heard its registries: no routes would look like calls that keep their address.
 */
export async function listRoutes(
  line: AgentLine,
  consumer: string,
  onlyInterface: string | null,
): Promise<readonly ConsumerRoute[]> {
  const answer = await line.ask({ command: 'routes', consumer, interface: onlyInterface });
  const { known, serving, routes } = required(line, answer);
  if (known && !serving) {
    throw new WeirError('WEIR6002', {
      what: `what calls of ${consumer} meet is not known yet`,
      why: 'the agent has not heard its registries in full, so it answers no Envoy; one that runs keeps what it has',
      hint: 'see `weir discovery status`, which names the registries and their states',
    });
  }
  if (known) return routes;
  throw new WeirError('WEIR6009', {
    what: `${consumer} is no consumer`,
    why: 'mesh.yaml, as the agent has it, has no application of that name with consumes and a sidecar',
    hint: 'name a key under apps of mesh.yaml',
  });
}

function required<Result>(line: AgentLine, answer: Answer<Result>): Result {
  switch (answer.kind) {
    case 'result':
      return answer.result;
    case 'silent':
      throw new WeirError('WEIR6006', {
        what: 'the discovery agent does not answer',
        why: `it took the request on ${line.socket} and said nothing for ${answer.afterMs / 1_000} s: it is stopped, or hangs`,
        hint: 'see its process and its log; Envoys keep what they have, and it may still do what it was asked when it goes on',
      });
    case 'nobody':
    case 'gone':
      throw new WeirError('WEIR6006', {
        what: 'no discovery agent answers',
        why: answer.kind === 'nobody' ? `nobody listens on ${line.socket}` : 'it went away without an answer',
        hint: 'start it with `weir discovery run`, or by its service',
      });
    default:
      return unreachable(answer);
  }
}
