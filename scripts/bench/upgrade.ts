/**
 * Successive upgrades between two Envoys under an open-loop load, the arms side by side: `weir sidecar upgrade`, and
 * `weir sidecar stop` followed by `run` (what a restart of the service does). `--upgrades N` a arm, 10 by default.
 * Counts at the client: lost, duplicated, latencies in ms; and what the reports say was cut.
 */
import { parseArgs } from 'node:util';
import { type LoadResult, OpenLoopClient } from '../../test/e2e/sidecar/open-loop.ts';
import { NEW_ENVOY, OLD_ENVOY, SidecarLab } from '../../test/e2e/sidecar/sidecar-lab.ts';

const { values } = parseArgs({ options: { upgrades: { type: 'string', default: '10' } } });
const upgrades = Number(values.upgrades);

interface Row extends LoadResult {
  readonly arm: string;
  readonly cut: number;
}

type Change = (lab: SidecarLab, binary: string) => Promise<number>;

async function runArm(arm: string, change: Change | null): Promise<Row> {
  const lab = await SidecarLab.open({ drain: '15s' });
  try {
    await lab.run();
    const client = new OpenLoopClient({ port: lab.port, rate: 200, connections: 50, lengthsMs: [5, 5, 5, 5, 1000] });
    let cut = 0;
    for (let n = 0; n < upgrades; n++) {
      if (change === null) await new Promise((resolve) => setTimeout(resolve, 3000));
      else cut += await change(lab, n % 2 === 0 ? NEW_ENVOY : OLD_ENVOY);
    }
    return { arm, cut, ...(await client.finish(lab.upstream)) };
  } finally {
    await lab.close();
  }
}

const hotUpgrade: Change = async (lab, binary) => {
  const { json } = await lab.upgrade('--binary', binary);
  if (json.result?.outcome !== 'settled') throw new Error(JSON.stringify(json));
  return json.result.requests.cut;
};

const stopAndStart: Change = async (lab) => {
  await lab.weir('sidecar', 'stop', 'main', '--drain', '0s');
  await lab.run();
  return 0;
};

const arms: readonly [string, Change | null][] = [
  ['no upgrade', null],
  ['weir', hotUpgrade],
  ['stop + start', stopAndStart],
];
const line = (...cells: readonly (string | number)[]) =>
  process.stdout.write(
    `${cells.map((cell, index) => String(cell)[index === 0 ? 'padEnd' : 'padStart'](12)).join(' ')}\n`,
  );
line('arm', 'requests', 'lost', 'duplicated', 'p50', 'p99', 'max', 'cut');
for (const [arm, change] of arms) {
  const row = await runArm(arm, change);
  line(row.arm, row.requests, row.lost, row.duplicated, row.p50, row.p99, row.max, row.cut);
}
