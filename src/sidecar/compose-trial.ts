/** Composition of `weir sidecar run --dry-run`: all of a start but the start itself. */
import { join } from 'node:path';
import type { CommandOutput } from '../cli/command-output.ts';
import { hasSupervisor } from '../platform/control-socket.ts';
import { controlSocketPath } from './adapters/control-path.ts';
import { openSidecar } from './adapters/open-sidecar.ts';
import { requireOwnAccount } from './adapters/own-account.ts';
import { runAsAccount } from './adapters/run-as.ts';
import { withTrialFolders } from './adapters/trial-folders.ts';
import { withTrialPairs } from './adapters/trial-pairs.ts';
import { checkPair } from './compose-supervision.ts';
import type { SidecarSpec } from './ports.ts';
import type { RunFlags } from './records/supervise-task.ts';
import { planStart, planStarts, type StartPlan } from './supervisor/plan-start.ts';
import type { SupervisedSidecar } from './usecases/supervised-sidecar.ts';

/**
 * Makes the checks of a start, and says for each sidecar whether its Envoy would be adopted or started. Changes nothing.
 * Throws what would keep the supervisor from going on.
 */
export async function tryStart(
  run: RunFlags,
  sidecars: readonly SupervisedSidecar[],
  output: CommandOutput,
): Promise<0> {
  const specs = sidecars.map(({ spec }) => spec);
  const plans = await planStarts(specs, (spec) => planOf(run, spec, (text) => output.warn(`${spec.name}: ${text}`)));
  for (const plan of plans) {
    const { sidecar } = plan;
    if (await hasSupervisor(controlSocketPath(run.runDir, sidecar))) {
      output.warn(`${sidecar} has a supervisor: \`weir sidecar handoff ${sidecar}\` takes over from it`);
    }
    output.result({ result: { ...plan }, text: () => plan.text });
  }
  return 0;
}

async function planOf(flags: RunFlags, spec: SidecarSpec, warn: (text: string) => void): Promise<StartPlan> {
  requireOwnAccount(spec);
  const run = join(flags.runDir, spec.name);
  const dir = join(flags.stateDir, 'sidecars', spec.name);
  const store = { dir, as: runAsAccount(spec.uid, spec.gid), gid: spec.gid };
  const host = openSidecar(flags, spec);
  const folders = {
    ...{ run, state: dir, prepare: () => host.prepare(spec) },
    isTaken: () => hasSupervisor(controlSocketPath(flags.runDir, spec.name)),
  };
  return await withTrialFolders(folders, () =>
    withTrialPairs(store, (pairs) => planStart({ ...host, pairs }, spec, checkPair, warn)),
  );
}
