/** Troubles of an application that is on although its rules are in order, each with the next command. */
import type { AccountId, AppConfig, ResolvedMeshConfig } from '../mesh/mesh-config.ts';
import { humanDuration } from '../platform/duration.ts';
import { resolveSelector } from './build-policy.ts';
import type { KnownApp } from './known-apps.ts';
import { listeningFamilies } from './listening.ts';
import type { TcpSocket } from './ports.ts';
import type { ResolvedSelector } from './rules/policy.ts';
import type { StoredApp } from './stored-state.ts';
import { pidsText } from './surroundings/judge-accounts.ts';
import { isProcessOf } from './surroundings/meant-processes.ts';
import type { ProcessFact } from './surroundings/ports.ts';

/** One trouble and the command that comes next. */
export interface AppTrouble {
  /** `deaf`: nobody listens; `changed`: mesh.yaml means others; `elsewhere`: another namespace; `deadline`: too late. */
  readonly kind: 'deaf' | 'changed' | 'elsewhere' | 'deadline';
  readonly what: string;
  /** With real names, to be pasted. */
  readonly next: string;
}

/** The facts that show troubles. */
export interface TroubleFacts {
  /** Null when mesh.yaml cannot be read. */
  readonly config: Pick<ResolvedMeshConfig, 'apps' | 'sidecars'> | null;
  /** Null when they could not be read. */
  readonly listeners: readonly TcpSocket[] | null;
  /** Null when they were not read. */
  readonly processes: readonly ProcessFact[] | null;
  readonly nowMs: number;
}

/** A kernel's deadline may be this much further away than was asked: the grain of iptables' clock. */
const GRAIN_MS = 2000;

/** The troubles of an application that is on and diverted. */
export function appTroubles(known: KnownApp, facts: TroubleFacts): AppTrouble[] {
  const { stored, kernel } = known;
  if (stored === null || kernel === null || known.desired !== 'on' || kernel.off.length > 0) return [];
  return [
    ...(facts.listeners === null ? [] : deafSidecar(stored, facts.listeners)),
    ...changedSelector(stored, facts.config?.apps.get(stored.name)),
    ...processesElsewhere(stored, facts.processes),
    ...lateDeadline(known, facts.nowMs),
  ];
}

/**
 * Nobody listens at a port of diverted connections: a sidecar that restarted on another port reports ready all the
 * same.
 */
function deafSidecar({ name, policy, sidecar }: StoredApp, listeners: readonly TcpSocket[]): AppTrouble[] {
  const ports = (['outbound', 'inbound'] as const).flatMap((direction) => {
    const port = direction === 'outbound' ? policy.outboundPort : policy.inboundPort;
    if (policy[direction] === null || port === null) return [];
    const heard = listeningFamilies(listeners, port, direction);
    const deaf = (['ipv4', 'ipv6'] as const).filter((family) => policy.families[family] && !heard[family]);
    return deaf.length === 0 ? [] : [{ port, direction, deaf }];
  });
  return ports.map(({ port, direction, deaf }): AppTrouble => {
    const families = deaf.length === 2 ? '' : ` on ${deaf[0] === 'ipv4' ? 'IPv4' : 'IPv6'}`;
    const what = `nobody listens at port ${port} (${direction} of sidecar ${sidecar.name})${families}: new connections fail`;
    return { kind: 'deaf', what, next: `weir off ${name}` };
  });
}

function changedSelector(stored: StoredApp, configured: AppConfig<AccountId> | undefined): AppTrouble[] {
  const change = selectorChange(stored, configured);
  if (change === null) return [];
  return [
    {
      kind: 'changed',
      what: `mesh.yaml means ${change.now} now, the rules divert ${change.then}: the application goes direct`,
      next: `weir on ${stored.name}`,
    },
  ];
}

/** Whom the rules divert and whom mesh.yaml means by now; null when both are the same, or mesh.yaml does not tell. */
export function selectorChange(
  { policy }: StoredApp,
  configured: AppConfig<AccountId> | undefined,
): { readonly then: string; readonly now: string } | null {
  if (configured === undefined) return null;
  const [then, now] = [selectorText(policy.select), selectorText(resolveSelector(configured))];
  return then === now ? null : { then, now };
}

/** A selector in words: `uid 20001`. */
export function selectorText(select: ResolvedSelector): string {
  switch (select.kind) {
    case 'users':
      return select.uids.map((uid) => `uid ${uid}`).join(', ');
    case 'group':
      return `gid ${select.gid}`;
    case 'slice':
      return select.path;
    case 'all':
      return 'every connection';
  }
}

function processesElsewhere(
  { name, policy: { select } }: StoredApp,
  processes: TroubleFacts['processes'],
): AppTrouble[] {
  const own = (processes ?? []).filter((process) => isProcessOf(select, process));
  if (own.length === 0 || own.some(({ isHere }) => isHere !== false)) return [];
  return [
    {
      kind: 'elsewhere',
      what: `no process of it is in this network namespace: ${pidsText(own)} elsewhere, and ${own.length === 1 ? 'goes' : 'go'} direct`,
      next: `weir off ${name}`,
    },
  ];
}

/** iptables ends a trial by the wall clock: after a clock was set back, the trial lasts longer than asked. */
function lateDeadline({ name, stored, kernel }: KnownApp, nowMs: number): AppTrouble[] {
  if (stored?.confirm == null || kernel?.epochSeconds == null) return [];
  const leftMs = kernel.epochSeconds * 1000 - nowMs;
  if (leftMs <= stored.confirm.timeoutMs + GRAIN_MS) return [];
  return [
    {
      kind: 'deadline',
      what: `--confirm ${humanDuration(stored.confirm.timeoutMs)} would end in ${humanDuration(leftMs)}: the clock went back`,
      next: `weir confirm ${name}`,
    },
  ];
}
