import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from '../../../test/e2e/interception/stage.ts';
import { LAB_UIDS } from '../../../test/e2e/lab/lab.ts';
import { record } from '../figure.ts';
import { BACKENDS, onStage, printTable } from './bench-lab.ts';

/** Up to this long after its start a command is killed; most end before. */
const LONGEST_MS = 700;

/** Commands killed at random moments, each followed by a second run: how many ended whole. */
export async function benchKills(kills: number): Promise<void> {
  const rows: (string | number)[][] = [];
  for (const backend of BACKENDS) {
    const share = Math.ceil(kills / BACKENDS.length);
    rows.push(await onStage(`kills-${backend}`, {}, (stage) => killMany(stage, backend, share)));
  }
  printTable(
    'commands killed at random, then run again',
    ['back end', 'runs', 'killed alive', 'whole after the second run'],
    rows,
  );
}

async function killMany(stage: Stage, backend: string, kills: number): Promise<(string | number)[]> {
  const { weir } = stage;
  const untouched = await stage.listing();
  let killed = 0;
  let whole = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    const command = (['on', 'off', 'uninstall'] as const)[kill % 3] ?? 'on';
    if (command !== 'on') await weir.json(['on', 'payment', '--backend', backend]);
    const args = command === 'uninstall' ? [command, '--existing', 'cut'] : [command, 'payment'];
    const process = weir.start(command === 'on' ? [...args, '--backend', backend] : args);
    await sleep(100 + Math.random() * LONGEST_MS);
    process.kill();
    if ((await process.ended).signal === 'SIGKILL') killed += 1;
    if (await isWhole(stage, command, backend, untouched)) whole += 1;
    await weir.json(['uninstall', '--existing', 'cut']);
  }
  record({
    ...{ what: `commands killed at random, not whole after the second run, ${backend}, of ${kills}`, unit: '' },
    ...{ weir: kills - whole, goal: { most: 0 } },
  });
  return [backend, kills, killed, whole];
}

async function isWhole(
  stage: Stage,
  command: 'on' | 'off' | 'uninstall',
  backend: string,
  untouched: string,
): Promise<boolean> {
  if (command === 'uninstall') {
    const gone = await stage.weir.json(['uninstall', '--existing', 'cut']);
    return gone.code === 0 && (await stage.listing()) === untouched;
  }
  const second = command === 'on' ? ['on', 'payment', '--backend', backend] : ['off', 'payment', '--existing', 'cut'];
  const { code } = await stage.weir.json(second);
  const status = await stage.weir.json(['status', 'payment']);
  const { state, drift } = status.json.result.apps[0];
  const route = await stage.routes(LAB_UIDS.app);
  const isRight = command === 'on' ? route.proxy > 0 && route.direct === 0 : route.direct > 0 && route.proxy === 0;
  return code === 0 && state === command && drift.length === 0 && isRight && route.failed === 0;
}
