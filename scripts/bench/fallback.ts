/**
 * The fallback table on a real Envoy with real connections, in namespaces of its own, as root:
 * `npm run bench:fallback [-- --tries 20 --backend nft,iptables-nft,iptables-legacy --rows kill,freeze]`.
 * For each row: how long until new connections go direct, and whether interception came back when the cause was gone.
 */
import { parseArgs } from 'node:util';
import { BACKENDS } from '../../test/e2e/interception/stage.ts';
import { FALLBACK_EVENTS } from '../../test/e2e/sidecar/fallback-events.ts';
import { FallbackStage } from '../../test/e2e/sidecar/fallback-stage.ts';
import { printRow, printRowHead, type RowResult } from './fallback/print-row.ts';

const { values } = parseArgs({
  options: {
    tries: { type: 'string', default: '20' },
    backend: { type: 'string', default: BACKENDS.join(',') },
    rows: { type: 'string', default: Object.keys(FALLBACK_EVENTS).join(',') },
  },
});
const tries = Number(values.tries);
const rows = values.rows.split(',');
const backends = values.backend.split(',').map((name) => {
  const backend = BACKENDS.find((one) => one === name);
  if (backend === undefined) throw new Error(`${name} is not one of ${BACKENDS.join(', ')}`);
  return backend;
});
for (const name of rows) {
  if (!(name in FALLBACK_EVENTS)) throw new Error(`${name} is not one of ${Object.keys(FALLBACK_EVENTS).join(', ')}`);
}

/** A time that is read is off by one interval at most. */
const CLOSE_PROBE = { intervalMs: 4, timeoutMs: 700 } as const;

let isLate = false;
printRowHead();
for (const backend of backends) {
  const tasks: (() => unknown)[] = [];
  try {
    const test = { after: (task: () => unknown) => tasks.push(task) } as never;
    const stage = await FallbackStage.open(backend, test, { probe: CLOSE_PROBE });
    for (const name of rows) isLate = !(await measure(stage, name)) || isLate;
  } finally {
    for (const task of tasks) await task();
  }
}
process.exit(isLate ? 1 : 0);

/** Resolves to whether every try was as the table says. */
async function measure(stage: FallbackStage, name: string): Promise<boolean> {
  const event = FALLBACK_EVENTS[name];
  if (event === undefined) return false;
  const result: RowResult = { backend: stage.backend, event, times: [], backTimes: [], problems: [] };
  for (let count = 0; count < tries; count += 1) {
    try {
      const { ms, backMs } = await event.run(stage);
      if (ms !== null) result.times.push(ms);
      if (backMs !== null) result.backTimes.push(backMs);
    } catch (error) {
      result.problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  return printRow(result);
}
