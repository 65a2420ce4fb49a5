import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { runTool, searchPath, type ToolResult } from './exec.ts';

type Argv = readonly [string, ...string[]];

const REPLACED_AFTER_MS = 20;

/** `runTool`, or a runner with programs that are started ahead of their input. */
export type ToolRunner = typeof runTool & {
  /** Starts this program now, so that the next run of it with an input only has to write it. */
  standBy?(argv: Argv, env?: Readonly<Record<string, string>>): void;
};

/**
 * A runner for a process that lives on and must be quick once: a program that reads all its input before it does
 * anything (`nft -f -`, `iptables-restore`) waits on its stdin, and a new one takes its place when it is used. A program
 * that waits ends with this process, which closes its stdin, and does nothing then.
 */
export function standbyTools(): ToolRunner {
  const waiting = new Map<string, { readonly child: ChildProcess; readonly start: () => void }>();
  const keyOf = (argv: Argv) => argv.join('\0');

  function standBy(argv: Argv, env: Readonly<Record<string, string>> = {}): void {
    const key = keyOf(argv);
    if (waiting.has(key)) return;
    const [file, ...args] = argv;
    const child = spawn(file, args, {
      detached: true,
      stdio: 'pipe',
      env: { ...process.env, PATH: searchPath(), LC_ALL: 'C', ...env },
    });
    // One that ends before it is used, or cannot be started, is no error: the next run starts its own.
    const forget = () => {
      if (waiting.get(key)?.child === child) waiting.delete(key);
    };
    child.on('error', forget).on('exit', forget);
    child.stdin.on('error', () => {});
    child.unref();
    for (const stream of [child.stdin, child.stdout, child.stderr] as unknown as { unref?: () => void }[]) {
      stream.unref?.();
    }
    waiting.set(key, { child, start: () => standBy(argv, env) });
  }

  const run: typeof runTool = async (argv, options) => {
    const spare = options.input === undefined || options.signal !== undefined ? undefined : waiting.get(keyOf(argv));
    if (spare === undefined) return runTool(argv, options);
    waiting.delete(keyOf(argv));
    const used = use(spare.child, options.input ?? '', options.timeoutMs);
    // Starting a program blocks this one for milliseconds: not before the next family has had its turn, too.
    void used.finally(() => setTimeout(spare.start, REPLACED_AFTER_MS).unref());
    return used;
  };
  return Object.assign(run, { standBy });
}

async function use(child: ChildProcess, input: string, timeoutMs: number): Promise<ToolResult> {
  const began = performance.now();
  child.ref();
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const ended = once(child, 'close');
  child.stdin?.end(input);
  const [stdout, stderr, [code, signal]] = await Promise.all([
    child.stdout === null ? '' : text(child.stdout),
    child.stderr === null ? '' : text(child.stderr),
    ended,
  ]);
  clearTimeout(timer);
  const ending = signal === null ? '' : `ended by ${signal}`;
  return { stdout, stderr: `${stderr}${ending}`, exitCode: code ?? 1, ms: performance.now() - began };
}
