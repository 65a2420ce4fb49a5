/** The command prefix that runs Envoy under the sidecar's account. */
import { runTool } from '../../platform/exec.ts';
import type { RunAs } from './envoy-binary.ts';

/** The primary group of a uid by the passwd database; null when it has no entry. */
export async function primaryGroup(uid: number): Promise<number | null> {
  const { stdout, exitCode } = await runTool(['getent', 'passwd', String(uid)], { timeoutMs: 5_000, reject: false });
  const gid = exitCode === 0 ? Number(stdout.split(':')[3]) : Number.NaN;
  return Number.isInteger(gid) ? gid : null;
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
