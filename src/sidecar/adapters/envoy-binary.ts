/** Runs of an Envoy binary that ask it about itself or about a bootstrap. */
import { messageOf } from '../../errors/message-of.ts';
import { isNotRun, runTool } from '../../platform/exec.ts';
import { lastLines } from '../../platform/last-lines.ts';

/** The facts about a binary, by its own words; null fields when they are not in Envoy's form. */
export interface EnvoyBinaryFacts {
  readonly version: string | null;
  readonly hotRestartVersion: string | null;
  /** Why it could not be run at all; null when it ran. */
  readonly problem: string | null;
}

/** The prefix of argv that makes a program run under another account; empty for weir's own. */
export type RunAs = readonly string[];

/**
 * Runs `--version` and `--hot-restart-version` of a binary under the account that will run it. The second is written
 * to stderr without a newline by Envoy 1.39 and 1.40; both streams are read.
 */
export async function readEnvoyBinary(binary: string, as: RunAs): Promise<EnvoyBinaryFacts> {
  const run = async (flag: string) => {
    const [file = binary, ...args] = [...as, binary, flag];
    const { stdout, stderr } = await runTool([file, ...args], { timeoutMs: 20_000 });
    return `${stdout}\n${stderr}`;
  };
  try {
    const version = /version: [0-9a-f]+\/([^/\s]+)\//.exec(await run('--version'))?.[1] ?? null;
    const hotRestartVersion = /^\s*([\d.]+)\s*$/m.exec(await run('--hot-restart-version'))?.[1] ?? null;
    return { version, hotRestartVersion, problem: null };
  } catch (error) {
    return { version: null, hotRestartVersion: null, problem: messageOf(error) };
  }
}

// As at a real start, the account must be able to open /dev/stdout again; a pipe or socket of ours does not allow it.
const OWN_OUTPUT = [
  'sh',
  '-c',
  'out=$(mktemp) || exec "$@"; "$@" >"$out" 2>&1; code=$?; cat "$out"; rm -f "$out"; exit $code',
  'weir-validate',
] as const;

/** Lets the binary itself check a bootstrap (`--mode validate`); null when it is fine, else Envoy's own words. */
export async function validateBootstrap(
  binary: string,
  bootstrap: string,
  as: RunAs,
  timeoutMs: number,
  more: readonly string[] = [],
): Promise<string | null> {
  const argv = [...as, ...OWN_OUTPUT, binary, '--mode', 'validate', '-c', bootstrap, ...more];
  if (!more.includes('--log-level') && !more.includes('-l')) argv.push('--log-level', 'error');
  const { exitCode, stdout, stderr } = await runTool(argv as [string, ...string[]], { timeoutMs, reject: false });
  if (exitCode === 0) return null;
  // Envoy has said nothing about the bootstrap then.
  if (isNotRun(exitCode)) return `its binary could not be run (${exitCode}): ${lastLines(stderr || stdout) || binary}`;
  return envoyComplaint(`${stderr}\n${stdout}`) ?? `exit code ${exitCode}`;
}

/** The line of Envoy's log that names why it would not start; null when none does. */
export function envoyComplaint(log: string): string | null {
  const lines = log.split('\n').map((line) => line.replace(/^\[[^\]]*\]\[\d+\]/, '').trim());
  const telling = lines.filter((line) => /error|exception|critical|fail|cannot|unable|invalid|assert/i.test(line));
  const last = telling.find((line) => /initializing configuration|exception|error:/i.test(line)) ?? telling.at(-1);
  return last === undefined || last === '' ? null : last.slice(0, 600);
}
