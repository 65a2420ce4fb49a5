import { setTimeout as sleep } from 'node:timers/promises';
import { LAB_UIDS } from '../../../test/e2e/lab/lab.ts';
import { record } from '../figure.ts';
import { BACKENDS, onStage, printTable } from './bench-lab.ts';

const STREAMS = 8;

/** Numbered streams across every switch: what the clients saw beside what weir reported. */
export async function benchStreams(): Promise<void> {
  const rows: (string | number)[][] = [];
  for (const backend of BACKENDS) {
    await onStage(`streams-${backend}`, {}, async ({ weir, streams }) => {
      const direct = await streams(LAB_UIDS.app, STREAMS);
      await weir.json(['on', 'payment', '--backend', backend]);
      await sleep(500);
      const before = count(await direct.report());
      rows.push([backend, 'ON, opened before', ...before, '-']);
      recordStreams(`ON, opened before, ${backend}`, before);
      await direct.stop();
      for (const [way, ...args] of [
        ['OFF keep', '--existing', 'keep'],
        ['OFF drain 2s', '--drain', '2s'],
        ['OFF cut', '--existing', 'cut'],
      ] as const) {
        await weir.json(['on', 'payment']);
        const proxied = await streams(LAB_UIDS.app, STREAMS);
        const off = await weir.json(['off', 'payment', ...args]);
        await sleep(500);
        const { connections } = off.json.result.apps[0];
        const reported = `proxied ${connections.proxied}, drained ${connections.drained}, cut ${connections.cut}`;
        const counts = count(await proxied.report());
        rows.push([backend, way, ...counts, reported]);
        if (way === 'OFF keep') recordStreams(`${way}, ${backend}`, counts);
        await proxied.stop();
      }
    });
  }
  printTable(
    `${STREAMS} streams with a number every 20 ms`,
    ['back end', 'switch', 'numbers', 'gaps', 'open', 'ended', 'reported by weir'],
    rows,
  );
}

/** Of a switch that is to leave all streams alone. */
function recordStreams(what: string, [, gaps = Number.NaN, , ended = Number.NaN]: readonly number[]): void {
  record({
    ...{ what: `gaps and ends of ${STREAMS} streams, ${what}`, unit: '', weir: gaps + ended },
    goal: { most: 0 },
  });
}

function count(reports: readonly { received: number; gaps: number; ending: string | null }[]): number[] {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const open = reports.filter(({ ending }) => ending === null).length;
  return [
    sum(reports.map(({ received }) => received)),
    sum(reports.map(({ gaps }) => gaps)),
    open,
    reports.length - open,
  ];
}
