import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Stage } from '../../../test/e2e/intercept/stage.ts';
import { BACKENDS, median, onStage, printTable } from './bench-lab.ts';

const ROUNDS = 9;

/** Milliseconds of `off.sh`, of `weir off`, and of the rule change inside it; with one application and with many. */
export async function benchTimes(many: number): Promise<void> {
  const rows: (string | number)[][] = [];
  for (const backend of BACKENDS) {
    const one = await measure(backend, 1);
    const all = await measure(backend, many);
    for (const key of ['off.sh', 'weir off', 'rule change', 'weir status', 'weir plan'] as const) {
      rows.push([backend, key, one[key], all[key], (Number(all[key]) / Number(one[key])).toFixed(2)]);
    }
  }
  printTable(`milliseconds, medians of ${ROUNDS}`, ['back end', 'what', '1 app on', `${many} apps on`, 'ratio'], rows);
}

type Times = Record<'off.sh' | 'weir off' | 'rule change' | 'weir status' | 'weir plan', string>;

async function measure(backend: string, count: number): Promise<Times> {
  const others = Object.fromEntries(
    Array.from({ length: count - 1 }, (_, index) => [
      `app${index}`,
      { select: { user: 40_000 + index }, sidecar: 'main' },
    ]),
  );
  return onStage(`times-${count}`, others, async (stage) => {
    await expectOk(stage, ['on', 'payment', ...Object.keys(others), '--backend', backend]);
    const seconds: Record<keyof Times, number[]> = {
      'off.sh': [],
      'weir off': [],
      'rule change': [],
      'weir status': [],
      'weir plan': [],
    };
    const clock = async (key: keyof Times, work: () => Promise<unknown>): Promise<void> => {
      const began = performance.now();
      await work();
      seconds[key].push(performance.now() - began);
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      await clock('off.sh', () =>
        stage.lab.client.tool(['sh', join(stage.weir.runDir, 'off.sh'), 'payment'], { timeoutMs: 20_000 }),
      );
      await expectOk(stage, ['on', 'payment']);
      await clock('weir off', async () => {
        const off = await expectOk(stage, ['off', 'payment', '--existing', 'keep']);
        seconds['rule change'].push((off as { ms: { apply: number } }).ms.apply);
      });
      await expectOk(stage, ['on', 'payment']);
      await clock('weir status', () => expectOk(stage, ['status', 'payment']));
      await clock('weir plan', () => expectOk(stage, ['plan', 'payment']));
    }
    await expectOk(stage, ['uninstall', '--existing', 'cut']);
    return Object.fromEntries(Object.entries(seconds).map(([key, values]) => [key, median(values)])) as Times;
  });
}

async function expectOk(stage: Stage, args: readonly string[]): Promise<unknown> {
  const answer = await stage.weir.json(args);
  if (answer.code !== 0) throw new Error(`weir ${args.slice(0, 3).join(' ')}: ${JSON.stringify(answer.json.error)}`);
  return answer.json.result;
}
