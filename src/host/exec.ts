import { channel } from 'node:diagnostics_channel';
import { performance } from 'node:perf_hooks';
import { WeirError } from '../errors/weir-error.ts';

/** How to run a tool. */
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
}

/** What a tool did: its complete output as text, its exit code, and how long it ran in milliseconds. */
export interface ToolResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly ms: number;
}

// The presenter listens here under --verbose; without a listener publishing costs nothing.
const toolChannel = channel('weir:tool');

// Tools live in sbin, which is not in the PATH of a non-login shell.
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The Debian package that holds a tool, for the hint of WEIR2001. */
const DEBIAN_PACKAGES: Readonly<Record<string, string>> = {
  conntrack: 'conntrack',
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
 * Throws WEIR2001 (not found or not executable), WEIR2002 (timed out), WEIR2003 (exit code other than 0, or killed).
 */
export async function runTool(argv: readonly [string, ...string[]], options: RunToolOptions): Promise<ToolResult> {
  // Loaded here because commands that run no tool should not pay for it at start-up.
  const { execa } = await import('execa');
  options.signal?.throwIfAborted();
  const [file, ...args] = argv;
  const started = performance.now();
  const child = execa(file, args, {
    reject: false,
    detached: true,
    stripFinalNewline: false,
    env: { PATH: searchPath(), LC_ALL: 'C', ...options.env },
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  });
  const watch = watchTool(child.pid, options);
  const result = await child;
  const ms = performance.now() - started;
  const stopped = watch.dispose();
  toolChannel.publish({ argv, exitCode: result.exitCode, ms });
  if (stopped === 'aborted') throw options.signal?.reason;
  if (stopped === 'timed out') throw toolTimedOut(argv, options.timeoutMs, result.stderr);
  if (result.code === 'ENOENT' || result.code === 'EACCES') throw toolMissing(file, result.code);
  const { exitCode, stdout, stderr } = result;
  if (exitCode === undefined || (exitCode !== 0 && options.reject !== false)) {
    throw toolFailed(argv, result.signal ?? `exit code ${exitCode ?? 'unknown'}`, { stdout, stderr, exitCode });
  }
  return { stdout, stderr, exitCode, ms };
}

// Ends the whole process group: execa would end the program alone, and go on waiting for a child of its that holds the
// pipes. `dispose` tells whether the tool was stopped, and why.
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

/** PATH with the folders of system tools at its end. */
export function searchPath(): string {
  const folders = (process.env.PATH ?? '/usr/bin:/bin').split(':');
  return [...folders, ...SYSTEM_FOLDERS.filter((folder) => !folders.includes(folder))].join(':');
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

function toolFailed(
  argv: readonly string[],
  end: string,
  output: { stdout: string; stderr: string; exitCode: number | undefined },
): WeirError {
  return new WeirError('WEIR2003', {
    what: `${argv.join(' ')} failed: ${end}`,
    why: lastLines(output.stderr) || lastLines(output.stdout) || 'it wrote nothing',
    hint:
      rightsHint(output.stderr) ??
      'run the same program by hand to see more; `--verbose` shows every program that weir calls',
    details: { argv, exitCode: output.exitCode ?? null, stderr: output.stderr },
  });
}

/** What to do about a tool that says it may not; null when it says something else. */
export function rightsHint(stderr: string): string | null {
  return /not permitted|Permission denied|must be root/.test(stderr) ? 'run weir as root, or with CAP_NET_ADMIN' : null;
}

// A rule set of thousands of lines can come back in an error: the end of it is what names the reason.
function lastLines(text: string): string {
  return text.trim().split('\n').slice(-5).join('\n').slice(-1000);
}
