import { performance } from 'node:perf_hooks';
import { WeirError } from '../../errors/weir-error.ts';
import { LEASE_SET, NFT_KEEP_TABLE, NFT_TABLE } from '../../intercept/compile-nft.ts';
import { renewalOperations } from '../../intercept/lease.ts';
import { parseNftLeaseSet } from '../../intercept/nft/parse-lease-set.ts';
import { parseNftTables } from '../../intercept/nft/parse-ruleset.ts';
import { printNftOperations } from '../../intercept/nft/print-operations.ts';
import type { RulesetChange } from '../../intercept/operations.ts';
import type { Firewall } from '../../usecases/ports.ts';
import { cgroupMount } from '../cgroups.ts';
import { runTool } from '../exec.ts';
import type { ToolRunner } from '../standby-tools.ts';
import { listingFailed, rulesRefused, saysMissing } from './refusal.ts';

type Argv = [string, ...string[]];

const TABLES = [NFT_TABLE, NFT_KEEP_TABLE];
const TIMEOUT_MS = 30_000;
/** nft prints and reads dates in the time zone of its environment. */
const ENV = { TZ: 'UTC' };
/** Where nft looks for cgroups, whatever the host has mounted there. */
const NFT_CGROUPS = '/sys/fs/cgroup';
/**
 * Runs a command with the cgroup v2 hierarchy at the place where nft looks for it, in a mount namespace of its own.
 * Where it is there already nothing is mounted. A constant text: what varies comes in as arguments.
 */
const WITH_CGROUPS =
  '[ -e /sys/fs/cgroup/cgroup.controllers ] || mount --bind "$1" /sys/fs/cgroup || exit 1; shift; exec "$@"';

/**
 * Native nft: the tables `weir` and `weir_keep` of the inet family. Only these two are ever listed, since listing what
 * other versions of nft wrote can crash it. `run` is exchanged by tests that work in another namespace.
 */
export function createNftFirewall(run: ToolRunner = runTool): Firewall {
  const list = async (table: string): Promise<string | null> => {
    const argv: Argv = ['nft', '-j', 'list', 'table', 'inet', table];
    const options = { timeoutMs: TIMEOUT_MS, reject: false, env: ENV };
    const result = await run(argv, options);
    if (result.exitCode !== 0 && saysMissing(result.stderr)) return null;
    if (result.exitCode !== 0) throw listingFailed({ argv, result });
    // On hybrid hosts a cgroup reads as a bare number, or as a wrong path, without the right mount.
    const mount = /cgroups?v2/.test(result.stdout) ? await hybridMount() : null;
    return mount === null ? result.stdout : (await run(withCgroups(mount, argv), { ...options, reject: true })).stdout;
  };

  const feed = async (text: string, flags: readonly string[]): Promise<void> => {
    const argv: Argv = ['nft', ...flags, '-f', '-'];
    const mount = text.includes('cgroup') ? await hybridMount() : null;
    const command = mount === null ? argv : withCgroups(mount, argv);
    const result = await run(command, { timeoutMs: TIMEOUT_MS, reject: false, env: ENV, input: text });
    if (result.exitCode !== 0) throw rulesRefused({ argv, result });
  };

  return {
    backend: 'nft',
    async read() {
      const outputs = await Promise.all(TABLES.map(list));
      const { ruleset } = parseListing(outputs.filter((output) => output !== null));
      const exists = ruleset.tables.some(({ name }) => name === NFT_TABLE);
      return { rulesets: [ruleset], tableExists: new Map([['inet', exists]]) };
    },
    async commit(changes) {
      const text = textOf(changes);
      if (text === '') return { ms: 0 };
      const began = performance.now();
      await feed(text, []);
      return { ms: performance.now() - began };
    },
    render(changes) {
      const text = textOf(changes);
      return text === '' ? '' : `# nft -f -\n${text}`;
    },
    async renewLeases(leases) {
      const input = printNftOperations(renewalOperations(leases));
      if (input === '') return [];
      const argv: Argv = ['nft', '-f', '-'];
      const result = await run(argv, { timeoutMs: TIMEOUT_MS, reject: false, env: ENV, input });
      if (result.exitCode === 0) return [];
      if (saysMissing(result.stderr)) return leases.map(({ app }) => app);
      throw rulesRefused({ argv, result });
    },
    async standBy() {
      run.standBy?.(['nft', '-f', '-'], ENV);
    },
    async remainingLeases(leases) {
      if (leases.length === 0) return new Map();
      const argv: Argv = ['nft', 'list', 'set', 'inet', NFT_TABLE, LEASE_SET];
      const result = await run(argv, { timeoutMs: TIMEOUT_MS, reject: false, env: ENV });
      if (result.exitCode !== 0 && !saysMissing(result.stderr)) throw listingFailed({ argv, result });
      const left = parseNftLeaseSet(result.stdout);
      return new Map(leases.map(({ app, marks }) => [app, Math.min(...marks.map((mark) => left.get(mark) ?? 0))]));
    },
    async test(changes) {
      const text = textOf(changes);
      if (text !== '') await feed(text, ['-c']);
    },
  };
}

function textOf(changes: readonly RulesetChange[]): string {
  return changes.map(({ operations }) => printNftOperations(operations)).join('');
}

function withCgroups(mount: string, argv: Argv): Argv {
  return ['unshare', '--mount', '--', 'sh', '-c', WITH_CGROUPS, 'sh', mount, ...argv];
}

/** Where cgroup v2 is mounted when that is not where nft looks for it. */
async function hybridMount(): Promise<string | null> {
  const mount = await cgroupMount();
  return mount === NFT_CGROUPS ? null : mount;
}

function parseListing(outputs: readonly string[]): ReturnType<typeof parseNftTables> {
  try {
    return parseNftTables(outputs);
  } catch (cause) {
    throw new WeirError('WEIR3023', {
      what: 'the listing of nft cannot be read',
      why: cause instanceof Error ? cause.message : String(cause),
      hint: 'see what `nft -j list table inet weir` prints; weir needs an nft that was built with JSON output',
      cause,
    });
  }
}
