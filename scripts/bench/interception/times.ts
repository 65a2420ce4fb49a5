import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Backend } from '../../../src/interception/backend.ts';
import type { Stage } from '../../../test/e2e/interception/stage.ts';
import { cleanEnvironment, WEIR_BIN } from '../../../test/run-weir.ts';
import { onStage } from './bench-lab.ts';
import { SwitchWatch } from './switch-watch.ts';
import { CASES, type Case, childCpuMs, printRatios, printTimes, Times } from './times-table.ts';

/** Rounds are made however long they take, until there are this many. */
const FEWEST_ROUNDS = 1;

/** The size of the bench. */
export interface TimesOptions {
  /** The whole may take about this long; each table gets its share of what is left. */
  readonly minutes: number;
  readonly rounds: number;
  /** How many applications are on in the second half of each table. */
  readonly many: number;
  readonly backends: readonly Backend[];
  /** How many busy loops run beside the commands, a table each. */
  readonly loops: readonly number[];
}

/**
 * Milliseconds of each command from its start to its first line and to its end: on each back end, with one application on
 * and with many, on a machine as it is and beside busy loops; its processor time; and the programs that it starts. All
 * commands take turns within a round, so what disturbs one disturbs all.
 */
export async function benchTimes({ minutes, rounds, many, backends, loops }: TimesOptions): Promise<void> {
  const end = performance.now() + minutes * 60_000;
  let left = backends.length * 2 * loops.length;
  for (const backend of backends) {
    const ofOne = new Map<number, Times>();
    for (const count of [1, many]) {
      if (performance.now() > end) {
        process.stdout.write(`\n${backend}, ${count} on: left out, since ${minutes} minutes are over\n`);
        continue;
      }
      await onAll(backend, count, async (stage) => {
        const programs = await countAll(stage);
        for (const busy of loops) {
          if (performance.now() > end) {
            process.stdout.write(`\n${backend}, ${count} on, ${busy} busy loops: left out, since the time is over\n`);
            continue;
          }
          const until = performance.now() + Math.max(0, end - performance.now()) / left;
          left -= 1;
          const watch = backend === 'iptables-legacy' ? null : new SwitchWatch(stage.lab.client.path);
          const times = await measure(stage, { busy, rounds, until, watch }).finally(() => watch?.close());
          printTimes(times, { backend, apps: count, busy, programs });
          const one = ofOne.get(busy);
          if (one !== undefined) printRatios(times, one, { backend, apps: count, busy });
          ofOne.set(busy, times);
        }
      });
    }
  }
}

/** A stage on which all applications are on. */
async function onAll(backend: Backend, count: number, work: (stage: Stage) => Promise<void>): Promise<void> {
  const others = Object.fromEntries(
    Array.from({ length: count - 1 }, (_, index) => [
      `app${index}`,
      { select: { user: 40_000 + index }, sidecar: 'main' },
    ]),
  );
  await onStage(`times-${count}`, others, async (stage) => {
    await expectOk(stage, ['on', 'payment', ...Object.keys(others), '--backend', backend]);
    await work(stage);
    await expectOk(stage, ['uninstall', '--existing', 'cut']);
  });
}

async function measure(
  stage: Stage,
  { busy, rounds, until, watch }: { busy: number; rounds: number; until: number; watch: SwitchWatch | null },
): Promise<Times> {
  const times = new Times();
  const loops = Array.from({ length: busy }, () => spawn(process.execPath, ['-e', 'for (;;) {}'], { stdio: 'ignore' }));
  const endLoops = (): void => {
    for (const loop of loops) loop.kill('SIGKILL');
  };
  // Also when the bench is interrupted.
  process.once('exit', endLoops);
  try {
    // The first round fills the caches of compiled code.
    for (let round = 0; round <= rounds; round += 1) {
      if (round > FEWEST_ROUNDS && performance.now() > until) break;
      for (const name of CASES) {
        await clock(stage, name, { times: round === 0 ? null : times, watch: isOff(name) ? watch : null });
        if (name === 'sh off.sh') await expectOk(stage, ['on', 'payment']);
      }
    }
  } finally {
    process.off('exit', endLoops);
    endLoops();
  }
  return times;
}

function argvOf({ weir }: Stage, name: Case): string[] {
  if (name === 'node -e 0') return [process.execPath, '-e', '0'];
  if (name === 'sh off.sh') return ['sh', join(weir.runDir, 'off.sh'), 'payment'];
  const [, command = ''] = name.split(' ');
  const more = command === 'off' ? ['--existing', 'keep'] : [];
  return [process.execPath, WEIR_BIN, command, ...(command.startsWith('-') ? [] : ['payment']), ...more];
}

const isOff = (name: Case): boolean => name === 'weir off' || name === 'sh off.sh';

/** Each begins in the namespace, so that all pay the same way in. */
async function clock(
  stage: Stage,
  name: Case,
  { times, watch }: { times: Times | null; watch: SwitchWatch | null },
): Promise<void> {
  const argv = argvOf(stage, name);
  watch?.begin();
  const cpuBefore = childCpuMs();
  const began = performance.now();
  const child = spawn('nsenter', [`--net=${stage.lab.client.path}`, '--', ...argv], {
    env: environment(stage),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let first: number | null = null;
  child.stdout.on('data', () => {
    first ??= performance.now() - began;
  });
  const [code] = await once(child, 'close');
  const end = performance.now() - began;
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}`);
  times?.add(name, { first: first ?? end, end, cpu: childCpuMs() - cpuBefore, direct: watch?.since(began) ?? null });
}

async function countAll(stage: Stage): Promise<ReadonlyMap<Case, number>> {
  const counts = new Map<Case, number>();
  for (const name of CASES) {
    counts.set(name, await countPrograms(stage, argvOf(stage, name)));
    if (name === 'sh off.sh') await expectOk(stage, ['on', 'payment']);
  }
  return counts;
}

/** How many programs a command starts besides itself; NaN where strace is not installed. */
async function countPrograms(stage: Stage, argv: readonly string[]): Promise<number> {
  const { stderr } = await stage.lab.client.tool(
    ['env', ...variables(stage), 'strace', '-f', '-qq', '-e', 'trace=execve', ...argv],
    { timeoutMs: 120_000, reject: false },
  );
  const started = stderr.match(/^(?:\[pid +\d+\] )?(?:execve\(.*|<\.\.\. execve resumed>.*)\) *= 0$/gm)?.length;
  // The first one is the command itself, which strace starts.
  return started === undefined ? Number.NaN : started - 1;
}

function variables({ weir }: Stage): string[] {
  return [`WEIR_CONFIG=${weir.config}`, `WEIR_RUN_DIR=${weir.runDir}`, `WEIR_STATE_DIR=${weir.stateDir}`];
}

function environment(stage: Stage): NodeJS.ProcessEnv {
  return cleanEnvironment(Object.fromEntries(variables(stage).map((one) => one.split('=') as [string, string])));
}

async function expectOk(stage: Stage, args: readonly string[]): Promise<unknown> {
  const answer = await stage.weir.json(args);
  if (answer.code !== 0) throw new Error(`weir ${args.slice(0, 3).join(' ')}: ${JSON.stringify(answer.json.error)}`);
  return answer.json.result;
}
