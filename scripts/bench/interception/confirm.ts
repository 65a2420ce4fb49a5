import { performance } from 'node:perf_hooks';
import { LAB_UIDS } from '../../../test/e2e/lab/lab.ts';
import { BACKENDS, onStage, printTable } from './bench-lab.ts';

/** `on --confirm 5s`, then no weir process at all: seconds until the first connection goes direct. */
export async function benchConfirm(tries: number): Promise<void> {
  const rows: (string | number)[][] = [];
  for (const backend of BACKENDS) {
    await onStage(`confirm-${backend}`, {}, async (stage) => {
      const seconds: number[] = [];
      for (let count = 0; count < tries; count += 1) {
        const process = stage.weir.start(['on', 'payment', '--confirm', '5s', '--backend', backend]);
        await process.line(/unconfirmed/);
        const began = performance.now();
        process.kill();
        await process.ended;
        for (;;) {
          const { direct } = await stage.routes(LAB_UIDS.app);
          if (direct > 0 || performance.now() - began > 15_000) break;
        }
        seconds.push((performance.now() - began) / 1000);
      }
      rows.push([backend, tries, ...[Math.min(...seconds), Math.max(...seconds)].map((value) => value.toFixed(1))]);
    });
  }
  printTable(
    'on --confirm 5s with every weir process killed: seconds from its last line until direct',
    ['back end', 'tries', 'min', 'max'],
    rows,
  );
}
