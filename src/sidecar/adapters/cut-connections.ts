/** Cuts single TCP connections of a process: the kernel aborts the socket, and both ends notice. */
import { runTool } from '../../platform/exec.ts';

const TIMEOUT_MS = 5000;
/** Connections named in one call; each takes some sixty bytes of its command line. */
const BATCH = 200;
const ROW = /^\d+\s+\d+\s+(\S+):(\d+)\s+(\S+)/;

interface Connection {
  readonly local: string;
  readonly peer: string;
}

/** The established connections among the sockets `owned` (inode numbers) whose local port is one of `ports`. */
async function listed(owned: ReadonlySet<string>, ports: ReadonlySet<number>): Promise<Connection[]> {
  const { stdout } = await runTool(['ss', '-H', '-t', '-n', '-e', 'state', 'established'], { timeoutMs: TIMEOUT_MS });
  return stdout.split('\n').flatMap((line) => {
    const [, host = '', port = '', peer = ''] = ROW.exec(line) ?? [];
    const inode = /\bino:(\d+)/.exec(line)?.[1] ?? '';
    return owned.has(inode) && ports.has(Number(port)) ? [{ local: `${host}:${port}`, peer }] : [];
  });
}

/**
 * Cuts at most `count` of them and resolves to the peers of those that the kernel says it has aborted. One that has
 * ended by itself meanwhile is not among them. Throws WEIR2001 to WEIR2003 where `ss -K` cannot be run.
 */
export async function cutConnections(
  owned: ReadonlySet<string>,
  ports: ReadonlySet<number>,
  count: number,
): Promise<readonly string[]> {
  const chosen = (await listed(owned, ports)).slice(0, count);
  const cut: string[] = [];
  for (let at = 0; at < chosen.length; at += BATCH) {
    const filter = chosen
      .slice(at, at + BATCH)
      .flatMap(({ local, peer }, index) => [
        ...(index === 0 ? [] : ['or']),
        '(',
        'src',
        local,
        'and',
        'dst',
        peer,
        ')',
      ]);
    const ended = runTool(['ss', '-K', '-H', '-t', '-n', 'state', 'established', ...filter], { timeoutMs: TIMEOUT_MS });
    const { stdout, stderr } = await ended;
    if (stderr.trim() !== '') throw new Error(`ss -K: ${stderr.trim().split('\n')[0]}`);
    cut.push(...stdout.split('\n').flatMap((line) => ROW.exec(line)?.[3] ?? []));
  }
  return cut;
}
