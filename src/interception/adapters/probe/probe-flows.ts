/** The conntrack entries of probes: look-up and removal. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTool } from '../../../platform/exec.ts';
import type { TcpEndpoint, TrackedFlow } from '../../ports.ts';
import { MARK_MAGIC, MARK_MAGIC_MASK } from '../../rules/mark.ts';
import { readConnectionPage } from '../connections/connection-page.ts';
import { parseConntrackFlows } from '../connections/conntrack-output.ts';
import { conntrackNarrowing, runConntrack } from '../connections/run-conntrack.ts';
import { inTurns } from './in-turns.ts';
import { isDocumentationAddress } from './probe-addresses.ts';
import type { SentProbe } from './probe-trial.ts';

/** A probe that was sent, with the mark that its flow was seen to carry. */
export type ForgettableProbe = SentProbe & { readonly mark: number | null };

/** How long tidying up may take: on a table of a hundred thousand entries each deletion walks through all of them. */
const FORGET_MS = 5000;

/** How many `conntrack -D` tidy up at once; more than that many deletions go by a file of commands. */
const TOOLS_AT_ONCE = 4;

/** With more entries than this, weir's marks are asked for first: a walk over all of them costs 5 microseconds each. */
const MANY_ENTRIES = 5000;

/**
 * The flows of probes in conntrack, by `probeKey`, with one listing a family. In a large table, a first listing asks
 * for flows under a mark of weir alone; the kernel filters those seven times as fast. The listing of the whole table
 * then serves only the probes that are not among them.
 */
export async function lookUpFlows(
  run: typeof runTool,
  probes: readonly SentProbe[],
): Promise<ReadonlyMap<string, TrackedFlow>> {
  const found = new Map<string, TrackedFlow>();
  const table = run === runTool ? readConnectionPage() : null;
  if (table !== null) {
    for (const flow of flowsFrom(table, probes)) {
      found.set(probeKey({ source: flow.source, destination: flow.originalDestination }), flow);
    }
    return found;
  }
  const list = async (wanted: readonly SentProbe[], ...filter: string[]): Promise<void> => {
    if (wanted.length === 0) return;
    const narrowing = conntrackNarrowing(wanted.map(({ destination }) => destination));
    const output = await runConntrack(run, ['-L', ...filter, ...narrowing]);
    for (const flow of flowsFrom(output, wanted)) {
      found.set(probeKey({ source: flow.source, destination: flow.originalDestination }), flow);
    }
  };
  const isLarge = (await entryCount()) > MANY_ENTRIES;
  const families = [true, false].map((isIpv6) =>
    probes.filter(({ destination }) => destination.address.includes(':') === isIpv6),
  );
  await Promise.all(
    families.map(async (family) => {
      if (isLarge) await list(family, '-m', `${MARK_MAGIC}/${MARK_MAGIC_MASK}`);
      const missing = family.filter((probe) => !found.has(probeKey(probe)));
      await list(missing);
    }),
  );
  return found;
}

/** The key of a probe's flow. */
export function probeKey({ source, destination }: SentProbe): string {
  return `${source.address} ${source.port} ${destination.address} ${destination.port}`;
}

/** How many entries the namespace has; 0 when that cannot be read. */
async function entryCount(): Promise<number> {
  return Number(await readFile('/proc/sys/net/netfilter/nf_conntrack_count', 'utf8').catch(() => 0));
}

/** Source ports tell most foreign entries apart, long before a line is taken to pieces. */
function flowsFrom(output: string, wanted: readonly SentProbe[]): TrackedFlow[] {
  const ports = new Set(wanted.map(({ source }) => String(source.port)));
  const lines = output.split('\n').filter((line) => ports.has(/ sport=(\d+)/.exec(line)?.[1] ?? ''));
  return parseConntrackFlows(lines.join('\n'));
}

/**
 * Deletes the entries of probes and no others. Never rejects: an entry that stays ends by itself within two minutes, or
 * within ten seconds when the probe was accepted.
 */
export async function forgetFlows(run: typeof runTool, probes: readonly ForgettableProbe[]): Promise<void> {
  const commands = [...new Set(probes.map((probe) => deletion(probe).join(' ')))];
  const deadline = performance.now() + FORGET_MS;
  if (commands.length > TOOLS_AT_ONCE && (await forgetByFile(run, commands))) return;
  await inTurns(commands, TOOLS_AT_ONCE, async (command) => {
    if (performance.now() < deadline) await runConntrack(run, command.split(' ')).catch(() => '');
  });
}

/**
 * Runs all deletions in one process; false when it stopped early. -R exists since conntrack-tools 1.4.7. It stops at
 * the first entry that has just ended by itself, and cannot open the socket that a program of Node has for stdin.
 */
async function forgetByFile(run: typeof runTool, commands: readonly string[]): Promise<boolean> {
  let folder: string | null = null;
  try {
    folder = await mkdtemp(join(tmpdir(), 'weir-forget-'));
    const file = join(folder, 'commands');
    await writeFile(file, commands.map((command) => `${command}\n`).join(''));
    const { exitCode } = await run(['conntrack', '-R', file], { timeoutMs: FORGET_MS, reject: false });
    return exitCode === 0;
  } catch {
    return false;
  } finally {
    if (folder !== null) await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}

function deletion({ source, destination, mark }: ForgettableProbe): string[] {
  const place = ['-D', ...conntrackNarrowing([destination])];
  // A sidecar may have called the same place. That place is nobody's, so its attempt is removed with the probe's.
  if (isDocumentationAddress(destination.address)) return place;
  const byMark = mark === null || mark === 0 ? [] : ['-m', `${mark}/${0xffffffff}`];
  return [...place, ...ownSource(source), ...byMark];
}

function ownSource({ address, port }: TcpEndpoint): string[] {
  return ['--orig-src', address, '--orig-port-src', String(port)];
}
