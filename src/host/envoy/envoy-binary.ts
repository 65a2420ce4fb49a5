import { runTool } from '../exec.ts';

/** What a binary says about itself; null fields when it does not say it in Envoy's form. */
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
    const argv = [...as, binary, flag] as unknown as [string, ...string[]];
    const { stdout, stderr } = await runTool(argv, { timeoutMs: 20_000 });
    return `${stdout}\n${stderr}`;
  };
  try {
    const version = /version: [0-9a-f]+\/([^/\s]+)\//.exec(await run('--version'))?.[1] ?? null;
    const hotRestartVersion = /^\s*([\d.]+)\s*$/m.exec(await run('--hot-restart-version'))?.[1] ?? null;
    return { version, hotRestartVersion, problem: null };
  } catch (error) {
    return { version: null, hotRestartVersion: null, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Lets the binary itself check a bootstrap (`--mode validate`); null when it is fine, else Envoy's own words. */
export async function validateBootstrap(
  binary: string,
  bootstrap: string,
  as: RunAs,
  timeoutMs: number,
): Promise<string | null> {
  const argv = [...as, binary, '--mode', 'validate', '-c', bootstrap, '--log-level', 'error'];
  const { exitCode, stdout, stderr } = await runTool(argv as [string, ...string[]], { timeoutMs, reject: false });
  if (exitCode === 0) return null;
  return envoyComplaint(`${stderr}\n${stdout}`) ?? `exit code ${exitCode}`;
}

/** The line of Envoy's log that names why it would not start; null when none does. */
export function envoyComplaint(log: string): string | null {
  const lines = log.split('\n').map((line) => line.replace(/^\[[^\]]*\]\[\d+\]/, '').trim());
  const telling = lines.filter((line) => /error|exception|critical|fail|cannot|unable|invalid|assert/i.test(line));
  const last = telling.find((line) => /initializing configuration|exception|error:/i.test(line)) ?? telling.at(-1);
  return last === undefined || last === '' ? null : last.slice(0, 600);
}
