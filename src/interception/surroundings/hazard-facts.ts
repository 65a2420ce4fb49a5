/** All facts that hazards are judged by, gathered once for all applications of a command. */
import { messageOf } from '../../errors/message-of.ts';
import type { InterceptHost } from '../host.ts';
import type { MarkRoutesFacts, TcpSocket } from '../ports.ts';
import type { DirectedPolicy } from '../rules/app-policy.ts';
import type { DivertMode, Families, ResolvedSelector } from '../rules/policy.ts';
import type { ForeignTable } from './foreign-rules.ts';
import { wantedProcesses } from './meant-processes.ts';
import type { ForeignUserNamespace, ProcessAccount, ProcessFact, RoutingFacts } from './ports.ts';
import type { Seen } from './seen.ts';

/** An application about to be switched on, or asked about. */
export interface AppInQuestion {
  readonly name: string;
  readonly select: ResolvedSelector;
  readonly mode: DivertMode;
  readonly families: Families;
  readonly directed: readonly DirectedPolicy[];
}

/** The facts; each may be unseen. */
export interface HazardFacts {
  /** With their processes. */
  readonly listeners: readonly TcpSocket[];
  readonly connected: Seen<readonly TcpSocket[]>;
  readonly rules: Seen<readonly ForeignTable[]>;
  /** Those that some application selects, or would by a supplementary group. */
  readonly processes: Seen<readonly ProcessFact[]>;
  /** Accounts of the processes that listen. */
  readonly accounts: ReadonlyMap<number, ProcessAccount>;
  readonly routing: Seen<RoutingFacts>;
  /** Null where no application needs it. */
  readonly markRoutes: Seen<MarkRoutesFacts> | null;
  readonly userNamespace: Seen<ForeignUserNamespace | null>;
  /** Accounts that are never redirected. */
  readonly guard: { readonly uids: readonly number[]; readonly gids: readonly number[] };
}

/** Gathers the facts side by side. `listeners` carry their processes. */
export async function gatherHazardFacts(
  host: InterceptHost,
  selectors: readonly ResolvedSelector[],
  known: Pick<HazardFacts, 'listeners' | 'guard'>,
  modes: ReadonlySet<DivertMode>,
): Promise<HazardFacts> {
  const { surroundings } = host;
  const pids = known.listeners.flatMap((socket) => socket.processes.map(({ pid }) => pid));
  const [connected, rules, processes, accounts, routing, userNamespace, markRoutes] = await Promise.all([
    asSeen(host.connections.sockets('connected')),
    surroundings.foreignRules(),
    surroundings.processes(wantedProcesses(selectors, true)),
    surroundings.accountsOf([...new Set(pids)]),
    surroundings.routing(),
    surroundings.foreignUserNamespace(),
    modes.has('tproxy') ? asSeen(host.markRoutes.read()) : null,
  ]);
  return { ...known, connected, rules, processes, accounts, routing, userNamespace, markRoutes };
}

function asSeen<T>(look: Promise<T>): Promise<Seen<T>> {
  return look.then(
    (seen): Seen<T> => ({ seen }),
    (error: unknown): Seen<T> => ({ unseen: messageOf(error) }),
  );
}
