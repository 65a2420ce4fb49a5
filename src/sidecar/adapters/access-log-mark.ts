/** The count of cut requests, out of the access logs of an Envoy. */
import { open, readFile, stat } from 'node:fs/promises';
import { nullIfMissing } from '../../platform/null-if-missing.ts';
import { readBootstrapFacts } from '../envoy/bootstrap-facts.ts';
import { countCutRequests } from '../envoy/cut-requests.ts';
import type { AccessLogMark } from '../ports.ts';

/**
 * Remembers how long the access logs of a bootstrap are now. `countCut` reads what came after; null where the logs cannot
 * tell, because one of them is not a file, leaves requests out, or does not hold the details of a response.
 */
export async function markAccessLogs(bootstrap: string): Promise<AccessLogMark> {
  const text = (await readFile(bootstrap, 'utf8').catch(nullIfMissing)) ?? '';
  const log = (await readBootstrapFacts(text))?.log;
  const marks = await Promise.all((log?.counting ?? []).map(markOf));
  return {
    async countCut(peers) {
      if (log === undefined || log.problem !== null) return null;
      if (peers.length > 0 && !log.namesPeers) return null;
      const counts = await Promise.all(marks.map((mark) => (mark === null ? null : countAfter(mark, peers))));
      const known = counts.filter((count) => count !== null);
      return known.length < counts.length ? null : known.reduce((sum, count) => sum + count, 0);
    },
  };
}

/** Null when the file cannot be read. A missing file counts as empty. */
async function markOf(path: string): Promise<{ path: string; size: number } | null> {
  try {
    return { path, size: (await stat(path)).size };
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? { path, size: 0 } : null;
  }
}

async function countAfter(
  { path, size: from }: { readonly path: string; readonly size: number },
  peers: readonly string[],
): Promise<number | null> {
  const file = await open(path, 'r').catch(nullIfMissing);
  if (file === null) return null;
  try {
    const { size } = await file.stat();
    // A rotated log starts again at zero.
    const start = size < from ? 0 : from;
    const bytes = Buffer.alloc(Math.min(size - start, 64 * 1024 * 1024));
    await file.read(bytes, 0, bytes.length, start);
    return countCutRequests(bytes.toString('utf8'), peers);
  } finally {
    await file.close();
  }
}
