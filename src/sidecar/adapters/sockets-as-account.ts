/** The sockets of an Envoy that another account may not look into, seen as its own account. */
import { runTool } from '../../platform/exec.ts';
import type { SidecarSpec } from '../ports.ts';
import { runAsAccount } from './run-as.ts';

const TIMEOUT_MS = 5_000;

/**
 * Inode numbers of the sockets of a process, listed by `ls` under the account and with the capabilities of that process:
 * the kernel lets those look that have no less (ptrace_may_access in kernel/ptrace.c), and so weir needs no
 * CAP_SYS_PTRACE. Empty when the process is gone. Null: also that account may not look, or weir may not become it.
 */
export async function socketsAsAccount(
  pid: number,
  { uid, gid, capabilities }: Pick<SidecarSpec, 'uid' | 'gid' | 'capabilities'>,
): Promise<ReadonlySet<string> | null> {
  const prefix = runAsAccount(uid, gid, capabilities);
  const [program, ...words] = [...prefix, 'ls', '-l', '--', `/proc/${pid}/fd`];
  if (prefix.length === 0 || program === undefined) return null;
  const { stdout, stderr } = await runTool([program, ...words], { timeoutMs: TIMEOUT_MS, reject: false });
  // A descriptor that was closed meanwhile is a complaint as well, and no reason.
  const complaints = stderr.split('\n').filter((line) => line !== '' && !line.includes('No such file or directory'));
  if (complaints.length > 0) return null;
  return new Set([...stdout.matchAll(/ -> socket:\[(\d+)\]$/gm)].map(([, inode = '']) => inode));
}
