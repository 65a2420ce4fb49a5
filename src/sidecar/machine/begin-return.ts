/** The rollback of an upgrade whose old process has ended: a second hot upgrade, to the former pair. */
import {
  type Generation,
  type SidecarMachine,
  type SidecarStep,
  UPGRADE_RISKS,
  type UpgradeInProgress,
} from './sidecar-state.ts';

/**
 * Starts the second upgrade with its preflight. The rollback may change everything that the first upgrade was allowed
 * to change.
 */
export function beginReturn(
  machine: SidecarMachine,
  { serving, upgrade }: { readonly serving: Generation; readonly upgrade: UpgradeInProgress },
  reason: string,
): SidecarStep {
  const { request } = upgrade;
  const back: UpgradeInProgress = {
    ...upgrade,
    returning: reason,
    request: {
      ...request,
      id: upgrade.returning === null ? `${request.id}-back` : request.id,
      pair: upgrade.from,
      accept: UPGRADE_RISKS,
      check: null,
      bakeMs: 0,
      bakeBytes: null,
    },
  };
  return {
    machine: { ...machine, state: { name: 'preflight', serving, upgrade: back } },
    actions: [{ type: 'preflight', upgrade: back, serving }],
  };
}
