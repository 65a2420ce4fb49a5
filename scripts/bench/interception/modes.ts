/** The two ways of bringing connections to a sidecar beside each other, and beside direct ones, on nft with a real Envoy. */
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from '../../../test/e2e/interception/stage.ts';
import { LAB_UIDS } from '../../../test/e2e/lab/lab.ts';
import { record } from '../figure.ts';
import { median, onStage, printTable } from './bench-lab.ts';

const [RATE, SECONDS, ROUNDS] = [100, 5, 3] as const;
/** The unit of processor times in /proc/PID/stat: USER_HZ, 100 a second on every Linux that Node runs on. */
const TICK_MS = 10;

const WAYS = [
  { name: 'direct', sidecar: 'envoy', isOn: false },
  { name: 'mode: redirect', sidecar: 'envoy', isOn: true },
  { name: 'mode: tproxy', sidecar: 'transparent', isOn: true },
] as const;

/** One round of load: latencies in milliseconds, processor time in milliseconds a connection. */
interface Round {
  readonly p50: number;
  readonly p99: number;
  readonly lost: number;
  readonly client: number;
  readonly envoy: number;
}

/** New connections with one request each, `RATE` a second; processor time counts the kernel's part in their processes. */
export async function benchModes(): Promise<void> {
  const rounds = new Map<string, Round[]>(WAYS.map(({ name }) => [name, []]));
  for (let index = 0; index < ROUNDS; index++) {
    for (const { name, sidecar, isOn } of WAYS) {
      await onStage(
        `modes-${index}`,
        {},
        async (stage) => {
          if (isOn) await stage.weir.json(['on', 'payment', '--backend', 'nft']);
          await stage.routes(LAB_UIDS.app);
          rounds.get(name)?.push(await oneRound(stage));
        },
        sidecar,
      );
    }
  }
  const rows = [...rounds].map(([name, all]) => {
    const of = (key: keyof Round): string => median(all.map((one) => one[key]));
    const lost = all.reduce((sum, one) => sum + one.lost, 0);
    record({ what: `new connections lost, ${name}`, unit: '', weir: lost, goal: { most: 0 } });
    if (name !== 'direct')
      record({ what: `processor time of Envoy a connection, ${name}`, unit: 'ms', weir: Number(of('envoy')) });
    return [name, of('p50'), of('p99'), of('client'), of('envoy'), lost];
  });
  printTable(
    `${RATE} new connections a second for ${SECONDS} s, medians of ${ROUNDS} rounds; load ${loadavg()[0]?.toFixed(1)}`,
    ['way', 'p50 ms', 'p99 ms', 'client CPU ms', 'Envoy CPU ms', 'lost'],
    rows,
  );
}

async function oneRound({ load, sidecar }: Stage): Promise<Round> {
  const running = await load(LAB_UIDS.app, RATE, SECONDS);
  const pids = [running.process.pid, sidecar.process.pid];
  const [before, began] = [pids.map(processorMs), await running.report()];
  await sleep((SECONDS - 1) * 1000);
  const [after, seen] = [pids.map(processorMs), await running.report()];
  const { ms, failed } = await running.done();
  const answered = Math.max(1, seen.answered - began.answered);
  const [client = 0, envoy = 0] = after.map((now, index) => (now - (before[index] ?? 0)) / answered);
  const lost = Object.values(failed).reduce((sum, count) => sum + count, 0);
  return { ...ms, client, envoy, lost };
}

/** Processor time of a process so far, its own and the kernel's for it. */
function processorMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // After the name in brackets; utime and stime are fields 14 and 15 (proc_pid_stat(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
