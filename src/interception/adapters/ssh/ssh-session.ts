/** The ssh session that this process runs in, by its environment and ancestors. */
import { readFile } from 'node:fs/promises';
import { nullIfMissing } from '../../../platform/null-if-missing.ts';

/** Both ends of an ssh session, as sshd tells its children; addresses without zone, IPv4-mapped ones as IPv4. */
export interface SshSession {
  readonly peer: string;
  /** The port that sshd was reached at. */
  readonly port: number;
}

// A chain of shells, sudo, tmux and scripts; deeper than this is a loop.
const MAX_ANCESTORS = 64;

/**
 * The ssh sessions that this process runs in, by its own SSH_CONNECTION or SSH_CLIENT and by those of its ancestors.
 * sudo strips these variables, and a terminal multiplexer may have been started from another place.
 */
export async function ownSshSessions(
  environment: NodeJS.ProcessEnv = process.env,
  parentPid: number = process.ppid,
): Promise<SshSession[]> {
  const sessions = sshSessionsOf(environment);
  let pid = parentPid;
  for (let depth = 0; pid > 0 && depth < MAX_ANCESTORS; depth += 1) {
    const text = (await readFile(`/proc/${pid}/environ`, 'utf8').catch(nullIfNotOurs)) ?? '';
    sessions.push(...sshSessionsOf(Object.fromEntries(text.split('\0').map(splitVariable))));
    pid = await parentOf(pid);
  }
  return sessions;
}

function sshSessionsOf({ SSH_CONNECTION, SSH_CLIENT }: NodeJS.ProcessEnv): SshSession[] {
  // `client-address client-port server-address server-port`, and without the server's address.
  const [peer = '', , , port] = SSH_CONNECTION?.split(' ') ?? [];
  const [olderPeer = '', , olderPort] = SSH_CLIENT?.split(' ') ?? [];
  return [
    { peer: plainAddress(peer), port: Number(port) },
    { peer: plainAddress(olderPeer), port: Number(olderPort) },
  ].filter((session) => session.peer !== '' && Number.isInteger(session.port));
}

function plainAddress(text: string): string {
  // `UNKNOWN` where sshd was not reached by a network.
  return /^[0-9a-f.:]+$/i.test(text.replace(/%.*$/, ''))
    ? text.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '')
    : '';
}

function splitVariable(text: string): [string, string] {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
}

async function parentOf(pid: number): Promise<number> {
  const stat = (await readFile(`/proc/${pid}/stat`, 'utf8').catch(nullIfMissing)) ?? '';
  // The name in brackets may hold brackets and spaces: what follows the last one is fixed.
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
}

// EACCES: the process is another user's, sudo's for instance. The one above it may be ours.
function nullIfNotOurs(error: NodeJS.ErrnoException): null {
  return error.code === 'EACCES' ? null : nullIfMissing(error);
}
