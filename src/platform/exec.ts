/** The one runner of external tools: deadline, complete output, exit code, errors WEIR2001 to WEIR2003. */
import { type ChildProcess, spawn } from 'node:child_process';
import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { WeirError } from '../errors/weir-error.ts';
import { heldLocks } from './held-locks.ts';
import { lastLines } from './last-lines.ts';
import { searchPath } from './search-path.ts';

/** Options of a run. */
export interface RunToolOptions {
  /** Deadline in milliseconds; then the tool gets SIGTERM, and SIGKILL one second later. */
  readonly timeoutMs: number;
  /** Text for its stdin; without it stdin is empty. */
  readonly input?: string;
  /** Ends the tool when it aborts; `runTool` then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Variables on top of this process's environment and `LC_ALL=C`. */
  readonly env?: Readonly<Record<string, string>>;
  /** With false an exit code other than 0 is a result, not an error. */
  readonly reject?: boolean;
  /** It changes what a lock of this process guards, and holds the lock too: should it outlive a kill, nobody has it before. */
  readonly holdsLocks?: boolean;
}

/** The result of a run: complete output as text, exit code, and duration in milliseconds. */
export interface ToolResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly ms: number;
}

// The presenter listens here under --verbose; without a listener publishing costs nothing.
const toolChannel = channel('weir:tool');

/** The Debian package that holds a tool, for the hint of WEIR2001. */
const DEBIAN_PACKAGES: Readonly<Record<string, string>> = {
  conntrack: 'conntrack',
  flock: 'util-linux',
  groovy: 'groovy',
  ip: 'iproute2',
  nft: 'nftables',
  nsenter: 'util-linux',
  ps: 'procps',
  setpriv: 'util-linux',
  ss: 'iproute2',
  sysctl: 'procps',
  tc: 'iproute2',
  unshare: 'util-linux',
};

/** How long a tool that was told to end by SIGTERM may take before it gets SIGKILL, in milliseconds. */
const KILL_AFTER_MS = 1000;

/**
 * Runs one program to its end: argv without a shell, `LC_ALL=C`, a deadline. It runs in a session of its own, so that
 * Ctrl-C on the terminal reaches weir alone, which decides what becomes of a half-done change.
 * Throws WEIR2001 (not found or not executable), WEIR2002 (timed out), WEIR2003 (exit code other than 0, or killed),
 * WEIR2010 (the kernel started no program: a limit of processes, descriptors or memory).
 */
export async function runTool(argv: readonly [string, ...string[]], options: RunToolOptions): Promise<ToolResult> {
  options.signal?.throwIfAborted();
  const [file, ...args] = argv;
  const started = performance.now();
  const child = startTool(argv, file, args, options);
  const watch = watchTool(child.pid, options);
  const ended = await outputOf(child, options.input);
  const ms = performance.now() - started;
  const stopped = watch.dispose();
  if ('error' in ended) throw notStarted(argv, ended.error);
  const { stdout, stderr, exitCode, signal } = ended;
  toolChannel.publish({ argv, exitCode: exitCode ?? undefined, ms });
  if (stopped === 'aborted') throw options.signal?.reason;
  if (stopped === 'timed out') throw toolTimedOut(argv, options.timeoutMs, stderr);
  if (exitCode === null || (exitCode !== 0 && options.reject !== false)) {
    throw toolFailed(argv, { stdout, stderr, exitCode: exitCode ?? undefined }, signal ?? undefined);
  }
  return { stdout, stderr, exitCode, ms };
}

/** The output and the end of a program that ran, or the reason why it was not started. */
type Ended =
  | {
      readonly stdout: string;
      readonly stderr: string;
      readonly exitCode: number | null;
      readonly signal: NodeJS.Signals | null;
    }
  | { readonly error: NodeJS.ErrnoException };

// Most reasons come as an event, some (ENOMEM, a NUL character) are thrown.
function startTool(
  argv: readonly string[],
  file: string,
  args: readonly string[],
  { input, env, holdsLocks = false }: RunToolOptions,
): ChildProcess {
  try {
    return spawn(file, args, {
      detached: true,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...(holdsLocks ? heldLocks : [])],
      env: { ...process.env, PATH: searchPath(), LC_ALL: 'C', ...env },
    });
  } catch (error) {
    throw notStarted(argv, error as NodeJS.ErrnoException);
  }
}

async function outputOf(child: ChildProcess, input: string | undefined): Promise<Ended> {
  const { promise: failed, resolve: fail } = Promise.withResolvers<Ended>();
  child.on('error', (error) => {
    if (child.pid === undefined) fail({ error });
  });
  if (child.pid === undefined) return failed;
  // A program that ends before it has read everything says why by its exit code.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  const [stdout, stderr, [exitCode, signal]] = await Promise.all([
    child.stdout === null ? '' : text(child.stdout),
    child.stderr === null ? '' : text(child.stderr),
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  return { stdout, stderr, exitCode, signal };
}

// Ends the whole process group. execa would end the program alone, then wait for a child that still holds the pipes.
// `dispose` tells whether the tool was stopped, and why.
function watchTool(pid: number | undefined, { timeoutMs, signal }: RunToolOptions) {
  let stopped: 'aborted' | 'timed out' | undefined;
  let killTimer: NodeJS.Timeout | undefined;
  const stop = (reason: 'aborted' | 'timed out') => {
    stopped ??= reason;
    killGroup(pid, 'SIGTERM');
    killTimer ??= setTimeout(() => killGroup(pid, 'SIGKILL'), KILL_AFTER_MS);
  };
  const onAbort = () => stop('aborted');
  const deadline = setTimeout(() => stop('timed out'), timeoutMs);
  signal?.addEventListener('abort', onAbort);
  return {
    dispose() {
      clearTimeout(deadline);
      clearTimeout(killTimer);
      signal?.removeEventListener('abort', onAbort);
      return stopped;
    },
  };
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // Ended by itself in the meantime.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The limit behind each error by which the kernel refuses to start a program. */
const LIMITS: Readonly<Record<string, string>> = {
  EAGAIN: 'the limit of processes is reached (pids.max of the cgroup, or `ulimit -u`)',
  EMFILE: 'this process may open no more files (`ulimit -n`)',
  ENFILE: 'the system may open no more files (fs.file-max)',
  ENOMEM: 'there is no memory left for another process',
};

/** The error for a program that the kernel did not start. */
export function notStarted(argv: readonly string[], error: NodeJS.ErrnoException): WeirError {
  const [file = ''] = argv;
  const { code = '', message } = error;
  if (code === 'ENOENT' || code === 'EACCES') return toolMissing(file, code);
  const limit = LIMITS[code];
  return new WeirError('WEIR2010', {
    what: `${argv.join(' ')} could not be started`,
    why: limit === undefined ? message : `${limit}: ${code}`,
    hint: limit === undefined ? 'run the same program by hand to see more' : 'raise that limit, or end other programs',
    details: { argv, code },
    cause: error,
  });
}

function toolMissing(file: string, code: string): WeirError {
  const debianPackage = /^(ip6?tables|arptables|ebtables)/.test(file) ? 'iptables' : DEBIAN_PACKAGES[file];
  return new WeirError('WEIR2001', {
    what: `${file} ${code === 'ENOENT' ? 'is missing' : 'may not be executed'}`,
    why:
      code === 'ENOENT'
        ? `weir calls ${file}, which was not found in PATH`
        : 'the file is not executable for this user',
    hint: debianPackage === undefined ? `make ${file} available in PATH` : `install the package ${debianPackage}`,
  });
}

function toolTimedOut(argv: readonly string[], timeoutMs: number, stderr: string): WeirError {
  return new WeirError('WEIR2002', {
    what: `${argv.join(' ')} did not end within ${timeoutMs} ms`,
    why: lastLines(stderr) || 'it wrote nothing to stderr; another program may hold a lock that it waits for',
    hint: 'look for a program that holds the lock (`ps`), then try again',
    details: { argv, timeoutMs, stderr },
  });
}

/** The error for a tool that failed (WEIR2003): its arguments, its end, its last output. */
export function toolFailed(
  argv: readonly string[],
  output: { readonly stdout: string; readonly stderr: string; readonly exitCode: number | undefined },
  signal?: string,
): WeirError {
  return new WeirError('WEIR2003', {
    what: `${argv.join(' ')} failed: ${signal ?? `exit code ${output.exitCode ?? 'unknown'}`}`,
    why: lastLines(output.stderr) || lastLines(output.stdout) || 'it wrote nothing',
    hint:
      rightsHint(output.stderr) ??
      'run the same program by hand to see more; `--verbose` shows every program that weir calls',
    details: { argv, exitCode: output.exitCode ?? null, stderr: output.stderr },
  });
}

/**
 * Whether a tool said nothing about what it was asked: it was not started for want of a resource, did not end in time,
 * was killed, or ended as programs do that the loader cannot run (126, 127).
 */
export function gaveNoAnswer(error: WeirError): boolean {
  if (error.code === 'WEIR2002' || error.code === 'WEIR2010') return true;
  if (error.code !== 'WEIR2003') return false;
  const { exitCode } = (error.details ?? {}) as { readonly exitCode?: number | null };
  return exitCode === null || (exitCode !== undefined && isNotRun(exitCode));
}

/** Whether an exit code is that of a program which could not be run: its interpreter or a library of it is missing. */
export function isNotRun(exitCode: number): boolean {
  return exitCode === 126 || exitCode === 127;
}

/** The hint for a tool that complains about a missing right; null for any other complaint. */
export function rightsHint(stderr: string): string | null {
  return /not permitted|Permission denied|must be root/.test(stderr) ? 'run weir as root, or with CAP_NET_ADMIN' : null;
}
