import { open, readFile, stat } from 'node:fs/promises';
import { countCutRequests } from '../../upgrade/cut-requests.ts';
import type { AccessLogMark } from '../../usecases/ports/sidecar.ts';

/** Remembers how long the access logs of a bootstrap are now. `countCut` reads what came after. */
export async function markAccessLogs(bootstrap: string): Promise<AccessLogMark> {
  const text = await readFile(bootstrap, 'utf8').catch(() => '');
  const { readBootstrapFacts } = await import('../../upgrade/bootstrap-facts.ts');
  const logs = readBootstrapFacts(text)?.accessLogs ?? [];
  const marks = await Promise.all(
    logs.map(async (path) => ({ path, size: (await stat(path).catch(() => null))?.size ?? 0 })),
  );
  return {
    async countCut() {
      if (marks.length === 0) return null;
      const counts = await Promise.all(marks.map(({ path, size }) => countAfter(path, size)));
      return counts.some((count) => count === null)
        ? null
        : counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
    },
  };
}

async function countAfter(path: string, from: number): Promise<number | null> {
  const file = await open(path, 'r').catch(() => null);
  if (file === null) return null;
  try {
    const { size } = await file.stat();
    // A rotated log starts again at nought.
    const start = size < from ? 0 : from;
    const bytes = Buffer.alloc(Math.min(size - start, 64 * 1024 * 1024));
    await file.read(bytes, 0, bytes.length, start);
    return countCutRequests(bytes.toString('utf8'));
  } finally {
    await file.close();
  }
}
