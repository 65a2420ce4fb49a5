/** The command prefix that runs Envoy under the sidecar's account. */
import { runTool, toolFailed } from '../../platform/exec.ts';
import type { RunAs } from './envoy-binary.ts';

/** The exit code of getent for a key that the database does not have (getent(1)). */
const NOT_FOUND = 2;

/**
 * The primary group of a uid by the passwd database; null when it has no entry. Throws what `runTool` throws: which group
 * it has is not known where getent gave no answer.
 */
export async function primaryGroup(uid: number, run = runTool): Promise<number | null> {
  const argv: [string, ...string[]] = ['getent', 'passwd', String(uid)];
  const { stdout, stderr, exitCode } = await run(argv, { timeoutMs: 5_000, reject: false });
  if (exitCode === NOT_FOUND) return null;
  const gid = Number(stdout.split(':')[3]);
  if (exitCode !== 0 || !Number.isInteger(gid)) throw toolFailed(argv, { stdout, stderr, exitCode });
  return gid;
}

/**
 * The start of an argv that runs a program as the sidecar's account: setpriv, when weir is root and the account is not.
 * `capabilities` are kept across the change; another account than root cannot give what it has not.
 */
export function runAsAccount(uid: number | null, gid: number | null, capabilities: readonly string[] = []): RunAs {
  if (process.getuid?.() !== 0 || (uid === null && gid === null)) return [];
  const user = uid === null ? [] : ['--reuid', String(uid)];
  const group = gid === null ? [] : ['--regid', String(gid)];
  const list = capabilities.map((name) => `+${name}`).join(',');
  const caps = list === '' ? [] : ['--inh-caps', list, '--ambient-caps', list];
  return ['setpriv', ...user, ...group, '--clear-groups', ...caps, '--'];
}
