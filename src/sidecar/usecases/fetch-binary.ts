/** Puts an Envoy binary into the versions store of a sidecar, and finds it there again. */
import { reasonOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import { isRefusedBySystem } from '../../platform/null-if-missing.ts';
import type { FetchedBinary } from '../records/binary-record.ts';
import type { SidecarPorts, StoredBinary } from './ports.ts';
import { readSidecarSpec } from './sidecar-spec.ts';

/** The flags of `weir sidecar fetch`. */
export interface FetchFlags {
  readonly from: string;
  /** The SHA-256 that it must have; null: that of mesh.yaml, or any. */
  readonly sha256: string | null;
  readonly dryRun: boolean;
}

/** The result of a fetch. `known`: the same binary is in the store already. */
export interface FetchResult extends FetchedBinary {
  readonly outcome: 'stored' | 'known' | 'dry-run';
  readonly path: string;
  /** Older ones that had to go. */
  readonly removed: readonly Pick<FetchedBinary, 'sha256' | 'version'>[];
}

/** Throws WEIR4003 for whatever cannot be fetched: exit 2 when `--from` is not there, else 3 and nothing was changed. */
export async function fetchBinary(
  ports: SidecarPorts,
  name: string,
  { from, sha256, dryRun }: FetchFlags,
  warn: (text: string) => void,
): Promise<FetchResult> {
  const spec = await readSidecarSpec(ports.mesh, name);
  await ports.requireFile('from', from);
  const store = ports.binariesOf(spec);
  try {
    const file = await ports.envoySource(from);
    const found = await store.find(file);
    const published = await ports.publishedSha256(file);
    requireSame(found, sha256, '--sha256');
    requireSame(found, published?.sha256 ?? null, published?.in ?? '');
    // mesh.yaml speaks of its own binary; a flag speaks of this one.
    if (sha256 === null)
      requireSame(found, spec.sha256, 'mesh.yaml', 'give --sha256 for another binary than that of mesh.yaml');
    if (found.capabilities === null)
      warn('file capabilities of the binary could not be compared: getcap is not installed');
    const path = store.pathOf(found.sha256);
    const isThere = (await store.list()).some((one) => one.sha256 === found.sha256);
    if (isThere && (await store.isSound(found.sha256))) return { ...found, outcome: 'known', path, removed: [] };
    if (isThere) warn(`what the store had under ${found.sha256} was damaged${dryRun ? '' : ', and is replaced'}`);
    if (dryRun) return { ...found, outcome: 'dry-run', path, removed: [] };
    return { ...found, outcome: 'stored', ...(await store.fetch(found, spec.binary)) };
  } catch (error) {
    throw cannotFetch(from, error);
  }
}

/**
 * The path of a fetched binary by its version or by the beginning of its SHA-256. Throws WEIR4003 (exit 2) when none or
 * several are meant.
 */
export async function requireFetched(ports: SidecarPorts, name: string, wanted: string): Promise<string> {
  const all = await ports.binariesOf(await readSidecarSpec(ports.mesh, name)).list();
  const isHash = /^[0-9a-f]{8,64}$/.test(wanted);
  const found = all.filter(({ version, sha256 }) => version === wanted || (isHash && sha256.startsWith(wanted)));
  const [first] = found;
  if (first !== undefined && found.length === 1) return first.path;
  const line = ({ version, sha256 }: StoredBinary) => `${version} (${sha256.slice(0, 12)})`;
  throw new WeirError('WEIR4003', {
    what: `--version got ${JSON.stringify(wanted)}`,
    why:
      first === undefined
        ? `the versions store of ${name} has ${all.length === 0 ? 'no fetched binary' : all.map(line).join(', ')}`
        : `that is more than one binary: ${found.map(line).join(', ')}`,
    hint:
      first === undefined
        ? `bring it with \`weir sidecar fetch ${name} --from FILE\``
        : 'name it by the beginning of its SHA-256, eight digits or more',
    exit: 2,
  });
}

function requireSame({ sha256 }: FetchedBinary, wanted: string | null, by: string, hint = ''): void {
  if (wanted === null || wanted.toLowerCase() === sha256) return;
  const more = hint === '' ? '' : `; ${hint}`;
  throw new Error(`its SHA-256 is ${sha256}, and ${by} has ${wanted}${more}`);
}

function cannotFetch(from: string, error: unknown): unknown {
  if (error instanceof WeirError && error.code !== 'WEIR2003') return error;
  const isFull = (error as NodeJS.ErrnoException).code === 'ENOSPC';
  const next = isRefusedBySystem(error)
    ? 'run weir as root; for EMFILE raise the limit of open files; nothing was changed'
    : 'give --from a whole Envoy binary for this machine; nothing was changed';
  return new WeirError('WEIR4003', {
    what: `${from} was not fetched`,
    why: reasonOf(error),
    hint: isFull ? 'make room in the state directory; nothing was left behind' : next,
    cause: error,
  });
}
