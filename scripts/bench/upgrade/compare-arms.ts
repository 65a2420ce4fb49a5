import { setTimeout as sleep } from 'node:timers/promises';
import { leastOf, type Named, record } from '../figure.ts';
import type { Arm } from './arm.ts';
import { CountedLoad, type LoadCounts, type RequestClass, type TrafficKind } from './counted-load.ts';
import { textTable } from './text-table.ts';

/** How the arms are loaded. `short`: 5 ms only. `long`: beside those, requests of 1 to 14 s and of 20 s, which outlast the timer. */
export const LOADS: Readonly<Record<'short' | 'long', readonly RequestClass[]>> = {
  short: [{ name: 'short', perSecond: 150, lengthsMs: [5] }],
  long: [
    { name: 'short', perSecond: 60, lengthsMs: [5] },
    { name: 'long', perSecond: 2, lengthsMs: [1000, 8000, 14_000, 4000] },
    { name: 'over', perSecond: 0.5, lengthsMs: [20_000] },
  ],
};

const CONNECTIONS = 50;
const QUIET_MS = 2000;
/** A request of 14 s that is sent just before the old process is told to drain ends within its 15 s. */
const WARM_UP_MS = 1000;

/** What to compare. */
export interface Comparison {
  readonly arms: readonly Arm[];
  readonly kinds: readonly TrafficKind[];
  readonly loads: readonly ('short' | 'long')[];
  readonly upgrades: number;
  /** Also print why the first requests of each arm failed. */
  readonly verbose: boolean;
}

interface ArmRun extends LoadCounts {
  readonly cut: number | null;
  readonly seconds: number;
}

async function runArm(
  arm: Arm,
  kind: TrafficKind,
  classes: readonly RequestClass[],
  upgrades: number,
): Promise<ArmRun> {
  const running = await arm.start(kind);
  try {
    const { port, upstream } = running;
    const load = new CountedLoad({ port, kind, connections: CONNECTIONS, classes, upstream });
    await sleep(WARM_UP_MS);
    let cut: number | null = null;
    let spent = 0;
    for (let n = 0; n < upgrades; n += 1) {
      // As long without an upgrade as with one: both percentiles are of the same run and the same noise.
      await sleep(QUIET_MS);
      load.isDuring = true;
      const began = performance.now();
      const end = await running.upgrade();
      spent += performance.now() - began;
      await sleep(Math.max(0, began + QUIET_MS - performance.now()));
      load.isDuring = false;
      if (end.cut !== null) cut = (cut ?? 0) + end.cut;
    }
    return { cut, seconds: spent / upgrades / 1000, ...(await load.finish()) };
  } finally {
    await running.close();
  }
}

/** Runs every arm under every kind of traffic and load, one after the other, and prints a table of what clients saw. */
export async function compareArms({ arms, kinds, loads, upgrades, verbose }: Comparison): Promise<void> {
  const line = textTable([13, 11, 6, 9, 5, 8, 7, 7, 7, 6, 6, 6, 8, 7]);
  for (const load of loads) {
    process.stdout.write(`\n${upgrades} successive upgrades an arm, ${CONNECTIONS} connections, ${loadText(load)}\n`);
    const head = ['arm', 'traffic', 's each', 'requests', 'lost', 'doubled', 'p50 ms', 'p99 ms', 'quiet', 'ratio'];
    line(...head, 'max', '20 s', 'cut', 'told');
    for (const kind of kinds) {
      const runs = new Map<string, ArmRun>();
      for (const arm of arms) {
        const missing = await arm.missing();
        if (missing !== null) {
          line(arm.name, kind, missing);
          continue;
        }
        await runArm(arm, kind, LOADS[load], upgrades).then(
          (run) => {
            runs.set(arm.name, run);
            line(arm.name, kind, ...cells(run, arm.name));
            for (const error of verbose ? run.errors : []) process.stdout.write(`  ${error}\n`);
          },
          (error: Error) => line(arm.name, kind, `broke off: ${error.message}`),
        );
      }
      recordArms(runs, `${kind}, ${load} requests, ${upgrades} upgrades`);
    }
  }
  process.stdout.write(
    'lost: requests shorter than the drain time without a whole answer. p99: requests sent during upgrades, quiet: between\n' +
      'them, ms on top of what the upstream takes. 20 s: requests that outlast the drain of 15 s, cut: how many of them\n' +
      'failed at the client, told: what the tool itself reports as cut (- = it says nothing).\n',
  );
}

/** weir beside the best of the others; one without any upgrade is the limit. */
function recordArms(runs: ReadonlyMap<string, ArmRun>, where: string): void {
  const own = runs.get('weir');
  if (own === undefined) return;
  const quiet = runs.get('no upgrade');
  const figure = (what: string, unit: string, of: (run: ArmRun) => number, most: number | null) => {
    const peers: Named[] = [...runs]
      .filter(([name]) => name !== 'weir' && name !== 'no upgrade')
      .map(([name, run]) => ({ name, value: of(run) }));
    record({
      ...{ what: `${what}, ${where}`, unit, weir: of(own), peer: leastOf(peers) },
      limit: quiet === undefined ? null : { name: 'no upgrade', value: of(quiet) },
      goal: most === null ? null : { most },
    });
  };
  figure('requests lost', '', ({ classes: { short, long } }) => short.failed + long.failed, 0);
  figure('requests doubled', '', ({ duplicated }) => duplicated, 0);
  figure('p99 during upgrades beside p99 between them', '', (run) => run.p99During / run.p99Quiet, null);
}

function loadText(load: 'short' | 'long'): string {
  return LOADS[load]
    .map(({ perSecond, lengthsMs }) => {
      const [from, to] = [Math.min(...lengthsMs), Math.max(...lengthsMs)].map((ms) =>
        ms < 1000 ? `${ms} ms` : `${ms / 1000} s`,
      );
      return `${perSecond}/s of ${from === to ? from : `${from} to ${to}`}`;
    })
    .join(' + ');
}

function cells(run: ArmRun, arm: string): (string | number)[] {
  const { short, long, over } = run.classes;
  const isQuiet = arm === 'no upgrade';
  return [
    isQuiet ? '-' : run.seconds.toFixed(1),
    short.sent + long.sent,
    short.failed + long.failed,
    run.duplicated,
    run.p50.toFixed(1),
    run.p99During.toFixed(1),
    run.p99Quiet.toFixed(1),
    (run.p99During / run.p99Quiet).toFixed(2),
    Math.round(run.max),
    over.sent,
    over.failed,
    over.sent === 0 || run.cut === null ? '-' : run.cut,
  ];
}
