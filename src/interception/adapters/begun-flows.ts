/**
 * The connections at the beginning of `weir off`, listed before its switch. Bundled with the first switch, so what it
 * imports is small.
 */
import { spawn } from 'node:child_process';
import { searchPath } from '../../platform/search-path.ts';
import type { BegunFlows } from '../flow-tally.ts';
import type { TrackedFlow } from '../ports.ts';
import { MARK_MAGIC, MARK_MAGIC_MASK } from '../rules/mark.ts';
import type { StoredState } from '../stored-state.ts';
import { readFewConnections } from './connections/connection-page.ts';
import { parseConntrackFlows } from './connections/conntrack-output.ts';

/** A switch waits no longer than this for the listing, in milliseconds. */
const LONGEST_WAIT_MS = 25;
const MARKED = `0x${MARK_MAGIC.toString(16)}/0x${MARK_MAGIC_MASK.toString(16)}`;

/** A listing that is under way. */
export interface BegunListing {
  /** Resolves to the connections with a mark of weir, to null when they could not be listed. */
  readonly begun: Promise<BegunFlows | null>;
  /** Resolves when the switch may be made, null when it may be made now. What is listed later is listed after it. */
  readonly mayGo: Promise<void> | null;
}

/** Begins to list. Never rejects. Without applications that are tracked, conntrack is not asked: it may not be there. */
export function listBegunFlows({ apps }: Pick<StoredState, 'apps'>): BegunListing {
  if (apps.every(({ policy }) => policy.mode === 'tproxy')) return { begun: Promise.resolve(null), mayGo: null };
  const table = readFewConnections();
  if (table !== null) {
    const flows = parseConntrackFlows(table).filter(({ mark }) => (mark & MARK_MAGIC_MASK) >>> 0 === MARK_MAGIC);
    return { begun: Promise.resolve({ flows, isBefore: true }), mayGo: null };
  }
  let hasGone = false;
  const begun = Promise.all(['ipv4', 'ipv6'].map(listFamily)).then(
    (families) => ({ flows: families.flat(), isBefore: !hasGone }),
    () => null,
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, LONGEST_WAIT_MS);
  });
  const mayGo = Promise.race([begun, late]).then(() => {
    hasGone = true;
    clearTimeout(timer);
  });
  return { begun, mayGo };
}

async function listFamily(family: string): Promise<TrackedFlow[]> {
  const child = spawn('conntrack', ['-L', '-p', 'tcp', '-m', MARKED, '-f', family], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, PATH: searchPath(), LC_ALL: 'C' },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  if (code !== 0) throw new Error(`conntrack ended with ${code}`);
  return parseConntrackFlows(output);
}
