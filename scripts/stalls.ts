/**
 * Runs test files while their processes stand still now and then, as those of a busy machine do: a test with a race
 * fails. `npm run stalls -- [--seed S] [--longest MS] [--at-once N] FILE..`, each file by itself. A test that stops
 * processes itself can fail for that alone: one that stood still already goes on too early, or is seen as frozen.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { randomStream } from '../test/seed.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    longest: { type: 'string', default: '250' },
    'at-once': { type: 'string', default: '2' },
  },
});
if (positionals.length === 0) throw new Error('name test files: npm run stalls -- test/e2e/sidecar/faults.test.ts');

/** A process of the tests is known by this variable: keepers and supervisors have left the process tree. */
const MARK = `WEIR_STALLS=${process.pid}`;
const [LOOK_MS, STEP_MS, TEST_LIMIT_MS] = [250, 20, 180_000] as const;
/** They stop themselves when their child stops, and nobody lets them go on. */
const IMITATORS: ReadonlySet<string> = new Set(['unshare', 'nsenter', 'ip']);

/** A process and when it began, in clock ticks since boot: an id alone may be somebody else's by now. */
interface Seen {
  readonly pid: number;
  readonly began: string;
}

/** What /proc says of a process, null when it is gone. */
function statOf(pid: number | string): { name: string; state: string; parent: string; began: string } | null {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent = '', ...more] = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return { name: line.slice(line.indexOf('(') + 1, line.lastIndexOf(')')), state, parent, began: more[17] ?? '' };
  } catch {
    return null;
  }
}

function isOurs(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(MARK);
  } catch {
    return false;
  }
}

/** Every process of the tests that runs. One that a test has stopped itself is left alone. */
function running(): readonly Seen[] {
  return readdirSync('/proc').flatMap((pid) => {
    const stat = /^\d+$/.test(pid) ? statOf(pid) : null;
    if (stat === null || !'SRD'.includes(stat.state) || !isOurs(pid)) return [];
    const isImitated = IMITATORS.has(stat.name) || IMITATORS.has(statOf(stat.parent)?.name ?? '');
    return isImitated ? [] : [{ pid: Number(pid), began: stat.began }];
  });
}

function tell({ pid, began }: Seen, signal: 'SIGSTOP' | 'SIGCONT'): boolean {
  return statOf(pid)?.began === began && process.kill(pid, signal);
}

const stopped = new Map<Seen, number>();
// Nobody stays behind stopped, however this ends.
process.once('exit', () => {
  goOn(Number.POSITIVE_INFINITY);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** Lets those go on whose time is over. */
function goOn(now: number): void {
  for (const [one, until] of stopped) {
    if (now < until) continue;
    tell(one, 'SIGCONT');
    stopped.delete(one);
  }
}

/** Lets processes stand still until the signal comes; resolves to how many times. */
async function stall(random: () => number, end: AbortSignal): Promise<number> {
  let count = 0;
  let seen: readonly Seen[] = [];
  let lookedAt = Number.NEGATIVE_INFINITY;
  while (!end.aborted) {
    const now = performance.now();
    goOn(now);
    if (now - lookedAt > LOOK_MS) [seen, lookedAt] = [running(), now];
    const one = seen[Math.floor(random() * seen.length)];
    if (one !== undefined && stopped.size < Number(values['at-once']) && tell(one, 'SIGSTOP')) {
      stopped.set(one, now + random() * Number(values.longest));
      count += 1;
    }
    await sleep(STEP_MS);
  }
  goOn(Number.POSITIVE_INFINITY);
  return count;
}

for (const file of positionals) {
  const end = new AbortController();
  const [name, mark] = MARK.split('=');
  const argv = ['--test', `--test-timeout=${TEST_LIMIT_MS}`, '--test-reporter=spec', file];
  const child = spawn('node', argv, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, [name ?? '']: mark },
  });
  const stalls = stall(randomStream(Number(values.seed)), end.signal);
  const [code] = await once(child, 'close');
  end.abort();
  const verdict = code === 0 ? 'passed' : 'FAILED';
  process.stdout.write(`${verdict} ${file}: ${await stalls} stalls, seed ${values.seed}\n`);
  if (code !== 0) process.exitCode = 1;
}
