/** Builds policies out of a resolved mesh.yaml. */
import { unreachable } from '../errors/unreachable.ts';
import type { AccountId, AppConfig, ResolvedMeshConfig, SidecarConfig } from '../mesh/mesh-config.ts';
import type { SshFacts } from './ports.ts';
import { MAX_SLOT } from './rules/mark.ts';
import type { Deadline, Families, InterceptedApp, InterceptPolicy, ResolvedSelector } from './rules/policy.ts';
import type { StoredGuard } from './stored-state.ts';

/** An application's policy without the deadline, the part that is remembered. */
export type AppPolicy = Omit<InterceptedApp, 'deadline'>;

/** The inputs of one application's policy besides mesh.yaml. */
export interface AppPolicyInput {
  readonly slot: number;
  readonly families: Families;
  readonly acceptsSshRisk: boolean;
  /** The lease that is to be in force; null without one. */
  readonly leaseSeconds: number | null;
}

/** The policy of one application of a resolved mesh.yaml. */
export function buildAppPolicy(
  app: AppConfig<AccountId>,
  sidecar: SidecarConfig<AccountId>,
  input: AppPolicyInput,
): AppPolicy {
  return {
    name: app.name,
    mode: sidecar.mode,
    slot: input.slot,
    select: resolveSelector(app),
    outboundPort: sidecar.outbound ?? null,
    inboundPort: sidecar.inbound ?? null,
    outbound: app.outbound,
    inbound: app.inbound,
    families: input.families,
    acceptsSshRisk: input.acceptsSshRisk,
    leaseSeconds: input.leaseSeconds,
  };
}

/** The accounts that an application selects, by their numbers. */
export function resolveSelector(app: AppConfig<AccountId>): ResolvedSelector {
  switch (app.select.kind) {
    case 'users':
      return { kind: 'users', uids: app.select.users.map((user) => user.id).sort((a, b) => a - b) };
    case 'group':
      return { kind: 'group', gid: app.select.group.id };
    case 'slice':
      return { kind: 'slice', path: app.select.slice };
    case 'all':
      return { kind: 'all' };
    default:
      return unreachable(app.select);
  }
}

/**
 * The guard: accounts, ports and peers that every application leaves alone. Entries of an earlier `on` stay. An
 * operator who returns from another address must not be cut off, and a repeated `on` must not change the kernel's text.
 */
export function buildGuard(config: ResolvedMeshConfig, ssh: SshFacts, earlier: StoredGuard | null): StoredGuard {
  const sidecars = [...config.sidecars.values()];
  const ports = sidecars.flatMap((sidecar) => [
    ...(sidecar.outbound === undefined ? [] : [sidecar.outbound]),
    ...(sidecar.inbound === undefined ? [] : [sidecar.inbound]),
    ...(sidecar.admin.kind === 'http' ? [sidecar.admin.port] : []),
  ]);
  return {
    uids: sortedNumbers(sidecars.flatMap((sidecar) => (sidecar.user ? [sidecar.user.id] : []))),
    gids: sortedNumbers(sidecars.flatMap((sidecar) => (sidecar.group ? [sidecar.group.id] : []))),
    sshPorts: sortedNumbers([...ssh.ports, ...(earlier?.sshPorts ?? [])]),
    sshPeers: [...new Set([...ssh.peers, ...(earlier?.sshPeers ?? [])])].sort(),
    reservedPorts: sortedNumbers(ports),
  };
}

function sortedNumbers(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** A whole policy from applications that are to be on, with the deadline of those that are not confirmed. */
export function buildPolicy(
  apps: readonly { readonly policy: AppPolicy; readonly deadline: Deadline | null }[],
  guard: StoredGuard,
  keeper: boolean,
): InterceptPolicy {
  return {
    apps: apps.map(({ policy, deadline }) => ({ ...policy, deadline })),
    guard: { uids: guard.uids, gids: guard.gids },
    sshPorts: guard.sshPorts.map((port) => ({ from: port, to: port })),
    sshPeers: guard.sshPeers.map((address) => hostCidr(address)),
    reservedPorts: guard.reservedPorts,
    keeper,
  };
}

/** The network that holds one address. */
export function hostCidr(address: string): { family: 4 | 6; text: string } {
  return address.includes(':') ? { family: 6, text: `${address}/128` } : { family: 4, text: `${address}/32` };
}

/**
 * The lowest slot that no other application has, by the state file or by the kernel.
 * @throws RangeError when all 65,535 are taken
 */
export function freeSlot(taken: ReadonlySet<number>): number {
  for (let slot = 1; slot <= MAX_SLOT; slot += 1) if (!taken.has(slot)) return slot;
  throw new RangeError('all slots are taken');
}
