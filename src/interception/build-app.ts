/** The record of an application that is to be on: what `weir on` applies, and what `weir plan` shows of it. */
import type { AccountId, AppConfig, ResolvedMeshConfig, SidecarConfig } from '../mesh/mesh-config.ts';
import { appNames, unknownApp } from './app-names.ts';
import { buildAppPolicy, freeSlot } from './build-policy.ts';
import type { LeaseDecision } from './lease-in-force.ts';
import type { Families } from './rules/policy.ts';
import type { Situation } from './situation.ts';
import type { StoredApp, StoredConfirm } from './stored-state.ts';

/** An application of mesh.yaml with its sidecar. */
export interface NamedApp {
  readonly app: AppConfig<AccountId>;
  readonly sidecar: SidecarConfig<AccountId>;
}

/** The decisions about one application besides mesh.yaml. */
export interface AppDecision {
  readonly slot: number;
  readonly families: Families;
  readonly lease: LeaseDecision;
  readonly acceptsSshRisk: boolean;
  /** ISO 8601, UTC: since when it is on. */
  readonly since: string;
  readonly confirm: StoredConfirm | null;
  readonly proven: boolean;
}

/**
 * Looks an application up.
 * @throws WeirError exit 2 with the names that there are
 */
export function configuredApp(config: ResolvedMeshConfig, name: string): NamedApp {
  const app = config.apps.get(name);
  if (app === undefined) throw unknownApp(name, appNames(config, null), config.file, 'takes --all');
  const sidecar = config.sidecars.get(app.sidecar);
  if (sidecar === undefined) throw new TypeError(`${name}: sidecar ${app.sidecar} passed validation and is not there`);
  return { app, sidecar };
}

/** The record of an application that is switched on. */
export function buildStoredApp({ app, sidecar }: NamedApp, decision: AppDecision): StoredApp {
  const { slot, families, lease, acceptsSshRisk, since, confirm, proven } = decision;
  return {
    name: app.name,
    slot,
    desired: 'on',
    policy: buildAppPolicy(app, sidecar, { slot, families, acceptsSshRisk, leaseSeconds: lease.inForce }),
    sidecar: { name: sidecar.name, admin: sidecar.admin, readyPath: sidecar.readyPath },
    onFailure: app.onFailure,
    leaseSeconds: lease.asked,
    since,
    reason: null,
    confirm,
    drainUntil: null,
    proven,
  };
}

/** Gives each application its slot: the one it has by the state file or the kernel, else the lowest that is free. */
export function slotGiver({ apps }: Situation): (name: string) => number {
  const taken = new Set([...apps.values()].flatMap(({ stored, kernel }) => [stored?.slot ?? 0, kernel?.slot ?? 0]));
  return (name) => {
    const known = apps.get(name);
    const slot = known?.stored?.slot ?? known?.kernel?.slot ?? freeSlot(taken);
    taken.add(slot);
    return slot;
  };
}
