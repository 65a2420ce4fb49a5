/**
 * One hot upgrade of a sidecar under calls of a real Dubbo, an arm a line: sidecar of the consumer or of the (first)
 * provider, one or two providers, without and with the SDK piece, and with one that is not told. `--rate N` calls a
 * second, 500 by default; `--chain dubbo` has the sidecar take Dubbo with generic_proxy instead of as bytes. `failed`
 * and `slowest` (ms) are what the consumer saw, `twice` what the providers did more than once, `cut` and `ms` (request
 * to settled) the report's.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type DubboCase, DubboLab } from '../../test/e2e/sidecar/dubbo/dubbo-lab.ts';
import { NEW_ENVOY } from '../../test/e2e/sidecar/sidecar-lab.ts';
import { record } from './figure.ts';

const { values } = parseArgs({
  options: { rate: { type: 'string', default: '500' }, chain: { type: 'string', default: 'tcp' } },
});
const rate = Number(values.rate);
const filter = values.chain === 'dubbo' ? 'dubbo' : 'tcp';

type Counts = readonly [calls: number, failed: number, twice: number, cut: number, slowest: number, ms: number];

async function runArm(which: DubboCase): Promise<Counts> {
  const lab = await DubboLab.open(which);
  try {
    lab.consumer.begin();
    await sleep(2000);
    const { json } = await lab.sidecar.upgrade('--binary', NEW_ENVOY);
    await sleep(1500);
    const { calls, failed, slowestMs } = await lab.consumer.load();
    const { twice } = await lab.executed();
    if (json.result?.outcome !== 'settled') throw new Error(JSON.stringify(json));
    const { connections, states } = json.result;
    return [calls, failed, twice, connections.cut, slowestMs, states.at(-1).atMs];
  } finally {
    await lab.close();
  }
}

const line = (...cells: readonly (string | number)[]) =>
  process.stdout.write(`${cells.map((cell) => String(cell).padStart(10)).join('')}\n`);
line('sidecar', 'providers', 'sdk', 'calls', 'failed', 'twice', 'cut', 'slowest', 'ms');
for (const side of ['consumer', 'provider'] as const) {
  for (const providers of [1, 2] as const) {
    let stock: number | null = null;
    for (const sdk of ['no', 'untold', 'yes']) {
      const which = { side, providers, withSdk: sdk !== 'no', isTold: sdk === 'yes', filter, rate } as const;
      const counts = await runArm(which);
      line(side, providers, sdk, ...counts);
      const [calls, failed, twice] = counts;
      if (sdk === 'no') stock = failed;
      if (sdk !== 'yes') continue;
      const where = `sidecar of the ${side}, ${providers} providers`;
      record({
        ...{
          what: `Dubbo calls failed in an upgrade, ${where}, of ${calls}`,
          unit: '',
          weir: failed,
          goal: { most: 0 },
        },
        peer: stock === null ? null : { name: 'stock Dubbo', value: stock },
      });
      record({ what: `Dubbo calls done twice, ${where}`, unit: '', weir: twice, goal: { most: 0 } });
    }
  }
}
