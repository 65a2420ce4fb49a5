import { setTimeout as sleep } from 'node:timers/promises';
import { NEW_ENVOY, OLD_ENVOY, SidecarLab } from '../../../test/e2e/sidecar/sidecar-lab.ts';
import { record } from '../figure.ts';
import { ConnectProbe } from './connect-probe.ts';
import { CountedLoad, type LoadCounts } from './counted-load.ts';
import { textTable } from './text-table.ts';

/** The long ones keep the old process draining, also where the machine is slow to get to the kill. */
const LOAD = [
  { name: 'short', perSecond: 40, lengthsMs: [5] },
  { name: 'long', perSecond: 1, lengthsMs: [4000] },
] as const;

async function withLab(run: (lab: SidecarLab) => Promise<void>, drain: string): Promise<void> {
  const lab = await SidecarLab.open({ drain });
  try {
    await lab.run();
    await run(lab);
  } finally {
    await lab.close();
  }
}

/** Quiet sidecars are upgraded so many times: seconds from the request to the old one's end. */
export async function printQuiet(tries: number): Promise<void> {
  const line = textTable([9, 10, 10, 10]);
  const settled: number[] = [];
  line('upgrade', 'serves s', 'settled s', 'command s');
  await withLab(async (lab) => {
    for (let n = 0; n < tries; n += 1) {
      const began = performance.now();
      const { json } = await lab.upgrade('--binary', n % 2 === 0 ? NEW_ENVOY : OLD_ENVOY);
      const spent = performance.now() - began;
      const at = (state: string) =>
        ((json.result.states as { state: string; atMs: number }[]).find((one) => one.state === state)?.atMs ?? 0) /
        1000;
      settled.push(at('SETTLED'));
      line(String(n + 1), at('HANDOVER').toFixed(2), at('SETTLED').toFixed(2), (spent / 1000).toFixed(2));
    }
  }, '15s');
  const middle = settled.toSorted((a, b) => a - b)[Math.floor(settled.length / 2)] ?? Number.NaN;
  record({
    ...{ what: `a quiet sidecar's upgrade, request to settled, median of ${tries}`, unit: 's', weir: middle },
    goal: { most: 2 },
  });
}

/** The new Envoy is killed after the hand-over so many times: how long clients could not connect, and what they lost. */
export async function printCrashes(tries: number): Promise<void> {
  const line = textTable([30, 12, 12, 9, 6, 8]);
  const outages: number[] = [];
  line('new one killed while draining', 'outage ms', 'weir says', 'requests', 'lost', 'doubled');
  for (let n = 1; n <= tries; n += 1) {
    await withLab(async (lab) => {
      const load = counted(lab);
      await sleep(500);
      const upgrade = lab.upgrade('--binary', NEW_ENVOY);
      await lab.untilState('draining', 'notify');
      const [, fresh] = await lab.envoys();
      const probe = new ConnectProbe(lab.port);
      await sleep(50);
      process.kill(Number(fresh), 'SIGKILL');
      const { json } = await upgrade;
      const outage = probe.stop();
      const counts = await load.finish();
      const told = String(json.warnings).match(/for (\d+) ms/)?.[1] ?? json.result?.outcome ?? '-';
      const { sent, failed } = allOf(counts);
      outages.push(outage);
      line(`try ${n}`, outage, told, sent, failed, counts.duplicated);
    }, '6s');
  }
  record({
    ...{ what: `new Envoy killed after the hand-over: longest time without connections, slowest of ${tries}` },
    ...{ unit: 'ms', weir: Math.max(...outages), goal: { most: 500 } },
  });
}

/** The old Envoy is killed while it drains: what clients lose at once is what was under way on it, and then nothing more. */
export async function printOldCrashes(tries: number): Promise<void> {
  const line = textTable([30, 9, 9, 9, 10, 8]);
  let later = 0;
  line('old one killed while draining', 'outcome', 'requests', 'at once', 'later', 'doubled');
  for (let n = 1; n <= tries; n += 1) {
    await withLab(async (lab) => {
      const load = counted(lab);
      await sleep(500);
      const upgrade = lab.upgrade('--binary', NEW_ENVOY);
      await lab.untilState('draining', 'notify');
      const [old] = await lab.envoys();
      process.kill(Number(old), 'SIGKILL');
      await sleep(200);
      const atOnce = load.failed;
      const { json } = await upgrade;
      // Envoy alone aborts 13 s after its parent was killed.
      await sleep(14_000);
      const counts = await load.finish();
      const { sent, failed } = allOf(counts);
      later += failed - atOnce;
      line(`try ${n}`, json.result?.outcome ?? '-', sent, atOnce, failed - atOnce, counts.duplicated);
    }, '6s');
  }
  record({
    ...{ what: `old Envoy killed while it drains: requests lost beyond those under way, ${tries} tries`, unit: '' },
    ...{ weir: later, goal: { most: 0 } },
  });
}

function allOf({ classes: { short, long } }: LoadCounts): { sent: number; failed: number } {
  return { sent: short.sent + long.sent, failed: short.failed + long.failed };
}

function counted(lab: SidecarLab): CountedLoad {
  const { port, upstream } = lab;
  return new CountedLoad({ port, kind: 'keep-alive', connections: 20, classes: LOAD, upstream });
}
