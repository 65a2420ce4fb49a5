/** A tool runner that starts firewall tools before their input is known. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { runTool, type ToolResult } from '../../../platform/exec.ts';
import { heldLocks } from '../../../platform/held-locks.ts';
import { searchPath } from '../../../platform/search-path.ts';

type Argv = readonly [string, ...string[]];

/** The pause before a used program is replaced: the next family of a transaction goes first. */
const REPLACED_AFTER_MS = 20;

/** `runTool`, or a runner with programs that are started ahead of their input. */
export type ToolRunner = typeof runTool & {
  /** Starts this program now, so that the next run of it with an input only has to write it. */
  standBy?(argv: Argv, env?: Readonly<Record<string, string>>): void;
  /** Ends every program that waits, and starts none any more. */
  release?(): Promise<void>;
  /** Reads a file of /proc where the tools work, null when it is not there; without it they work in this namespace. */
  readProc?(path: string): Promise<string | null>;
};

/**
 * A runner for a long-lived process that must be quick once. It starts programs that read all their input before they
 * act (`nft -f -`, `iptables-restore`); each waits on its stdin. A new program replaces each used one. A waiting
 * program ends without effect when this process ends and closes its stdin.
 */
export function standbyTools(): ToolRunner {
  const waiting = new Map<string, { readonly child: ChildProcess; readonly start: () => void }>();
  const keyOf = (argv: Argv) => argv.join('\0');

  let isReleased = false;

  function standBy(argv: Argv, env: Readonly<Record<string, string>> = {}): void {
    const key = keyOf(argv);
    if (isReleased || waiting.has(key)) return;
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
    // Pipes of a child are sockets, which would keep this process alive as the child itself would.
    for (const stream of [child.stdin, child.stdout, child.stderr]) if (stream instanceof Socket) stream.unref();
    waiting.set(key, { child, start: () => standBy(argv, env) });
  }

  const run: typeof runTool = async (argv, options) => {
    // One that was started before the lock was taken does not hold it.
    const mayHold = options.holdsLocks === true && heldLocks.size > 0;
    const isOwn = options.input === undefined || options.signal !== undefined || mayHold;
    const spare = isOwn ? undefined : waiting.get(keyOf(argv));
    if (spare === undefined) return runTool(argv, options);
    waiting.delete(keyOf(argv));
    const used = use(spare.child, options.input ?? '', options.timeoutMs);
    // A start blocks this process for milliseconds, so it waits until the next family has had its turn, too.
    void used.finally(() => setTimeout(spare.start, REPLACED_AFTER_MS).unref());
    return used;
  };
  async function release(): Promise<void> {
    isReleased = true;
    const children = [...waiting.values()].map(({ child }) => child);
    waiting.clear();
    await Promise.all(
      children.map(async (child) => {
        child.ref();
        const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null;
        child.kill('SIGKILL');
        await gone;
      }),
    );
  }
  return Object.assign(run, { standBy, release });
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
