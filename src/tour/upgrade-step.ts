/** The step of the tour that upgrades a sidecar under load. */
import * as z from 'zod/mini';
import type { UpgradeReport } from '../sidecar/machine/upgrade-report.ts';
import { UPGRADE_REPORT } from '../sidecar/records/upgrade-schemas.ts';
import type { WeirRun } from './tour-lab.ts';
import type { TourContext, TourFinding } from './tour-step.ts';

/** Little enough for a loaded laptop: what is lost must not be lost to the load itself. */
const PACE = { perSecond: 100, connections: 20, longMs: 1500 } as const;
const SETTLE_MS = 700;

/** A sidecar that weir runs is upgraded while requests that are counted at both ends go through it. */
export async function showUpgrade(tour: TourContext): Promise<TourFinding> {
  const { lab } = tour;
  const run = await lab.superviseEnvoy();
  const on = await lab.weir(['on', 'payment']);
  const load = await lab.startNumberedLoad('payment', PACE);
  await tour.clock.sleep(SETTLE_MS, tour.signal);
  const upgrade = await lab.weir(lab.upgradeArguments);
  await tour.clock.sleep(SETTLE_MS, tour.signal);
  const counts = await load.stop();
  const stop = await lab.weir(['sidecar', 'stop', 'main', '--drain', '0s']);
  const read = z.safeParse(UPGRADE_REPORT, upgrade.result);
  const settled = upgrade.exit === 0 && read.data?.outcome === 'settled' ? read.data : null;
  const { sent, viaEnvoy, lost, doubled, errors } = counts;
  return {
    commands: [run.command, on.command, upgrade.command, stop.command],
    measured: [
      ...(run.live ? [] : ['the sidecar was not live in time: on a busy machine run the tour again']),
      ...(settled !== null ? reportLines(settled) : [`not settled, exit code ${upgrade.exit}`]),
      `${sent} numbered requests, one in ten takes ${PACE.longMs / 1000} s: ${lost} lost, ${doubled} doubled`,
      viaEnvoy === sent ? 'all of them went through Envoy' : `${viaEnvoy} of them went through Envoy`,
      ...errors,
      ...[on, upgrade, stop].flatMap(failureOf),
    ],
    ok: run.live && on.exit === 0 && settled !== null && sent > 0 && lost === 0 && doubled === 0 && viaEnvoy === sent,
  };
}

function reportLines({ from, to, states, connections, requests }: UpgradeReport): string[] {
  const at = (state: string): number => (states.find((one) => one.state === state)?.atMs ?? 0) / 1000;
  const serves = at('HANDOVER').toFixed(1);
  return [
    `Envoy ${from.version} -> ${to.version}: serves after ${serves} s, the old one gone after ${at('SETTLED').toFixed(1)} s`,
    `connections of the old one: ${counted(connections.drained)} drained, ${counted(connections.cut)} cut with ${counted(requests.cut)} requests`,
  ];
}

function counted(count: number | null): string {
  return count === null ? 'an unknown number' : String(count);
}

function failureOf(run: WeirRun): string[] {
  return run.error === null ? [] : [`failed: ${run.error}`];
}
