/** The Firewall port by native nft. */
import { performance } from 'node:perf_hooks';
import { messageOf } from '../../../errors/message-of.ts';
import { WeirError } from '../../../errors/weir-error.ts';
import { cgroupMount } from '../../../platform/cgroups.ts';
import { runTool } from '../../../platform/exec.ts';
import type { Firewall } from '../../ports.ts';
import { renewalOperations } from '../../rules/lease.ts';
import { NFT_KEEP_TABLE, NFT_TABLE } from '../../rules/nft/compile-nft.ts';
import { FLOW_SETS, TPROXY_TABLE } from '../../rules/nft/compile-tproxy.ts';
import { parseNftFlows } from '../../rules/nft/parse-flows.ts';
import { parseNftLeaseSet } from '../../rules/nft/parse-lease-set.ts';
import { parseNftTables } from '../../rules/nft/parse-ruleset.ts';
import { printNftOperations } from '../../rules/nft/print-operations.ts';
import { LEASE_SET } from '../../rules/nft/table-maps.ts';
import { nftTableOf } from '../../rules/nft/table-of-mode.ts';
import type { RulesetChange } from '../../rules/operations.ts';
import type { RuleMap, Ruleset, RulesetScope } from '../../rules/ruleset.ts';
import { nftChainNames } from './kernel-tables.ts';
import { listingFailed, rulesRefused, saysMissing } from './refusal.ts';
import type { ToolRunner } from './standby-tools.ts';

type Argv = [string, ...string[]];

const TABLES = [NFT_TABLE, TPROXY_TABLE, NFT_KEEP_TABLE];
const EMPTY: Ruleset = { scope: 'inet', tables: [] };
const NO_TABLE: ReadonlyMap<RulesetScope, boolean> = new Map([['inet', false]]);
const TIMEOUT_MS = 30_000;
/** nft prints and reads dates in the time zone of its environment. */
const ENV = { TZ: 'UTC' };
/** The only folder in which nft looks for cgroups, wherever the host has mounted them. */
const NFT_CGROUPS = '/sys/fs/cgroup';
/**
 * Runs a command in a mount namespace of its own, with the cgroup v2 hierarchy mounted where nft looks for it. An
 * existing mount there is left alone. The text is constant: variable parts come as arguments.
 */
const WITH_CGROUPS = `
if ! [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  for at in /sys/fs/cgroup /sys/fs /sys /; do mount --make-private "$at" 2>/dev/null && break; done \
    || { echo 'no mount point above /sys/fs/cgroup can be made private' >&2; exit 1; }
  mount --bind "$1" /sys/fs/cgroup || exit 1
fi
shift
exec "$@"
`;

/**
 * Native nft: the tables `weir` and `weir_keep` of the inet family. Lists only these two, because nft can crash on
 * rules that another version of nft wrote. Tests in another namespace replace `run`.
 */
export function createNftFirewall(run: ToolRunner = runTool): Firewall {
  const list = async (table: string, flags: readonly string[] = []): Promise<string | null> => {
    const argv: Argv = ['nft', '-j', ...flags, 'list', 'table', 'inet', table];
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
    const options = { timeoutMs: TIMEOUT_MS, reject: false, env: ENV, holdsLocks: true };
    const result = await run(command, { ...options, input: text });
    if (result.exitCode !== 0) throw rulesRefused({ argv, result });
  };

  return {
    backend: 'nft',
    async read(expected = 'ours') {
      if (expected === 'nothing' && (await holdsNothing(run))) return { rulesets: [EMPTY], tableExists: NO_TABLE };
      const outputs = await Promise.all(TABLES.map((table) => list(table)));
      const { ruleset } = parseListing(outputs.filter((output) => output !== null));
      const exists = ruleset.tables.some(({ name }) => name === NFT_TABLE);
      return { rulesets: [ruleset], tableExists: new Map([['inet', exists]]) };
    },
    async recount(found) {
      const before = found.flatMap(({ tables }) => tables).filter(({ name }) => name !== NFT_KEEP_TABLE);
      const outputs = await Promise.all(before.map(({ name }) => list(name, ['-t'])));
      const { ruleset } = parseListing(outputs.filter((output) => output !== null));
      const mapsOf = (name: string): readonly RuleMap[] => before.find((table) => table.name === name)?.maps ?? [];
      return [{ ...ruleset, tables: ruleset.tables.map((table) => ({ ...table, maps: mapsOf(table.name) })) }];
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
      const tables = [...new Set(leases.map(({ mode }) => nftTableOf(mode)))];
      const listings = tables.map(async (table) => {
        const argv: Argv = ['nft', 'list', 'set', 'inet', table, LEASE_SET];
        const result = await run(argv, { timeoutMs: TIMEOUT_MS, reject: false, env: ENV });
        if (result.exitCode !== 0 && !saysMissing(result.stderr)) throw listingFailed({ argv, result });
        return [...parseNftLeaseSet(result.stdout)];
      });
      const left = new Map((await Promise.all(listings)).flat());
      return new Map(leases.map(({ app, marks }) => [app, Math.min(...marks.map((mark) => left.get(mark) ?? 0))]));
    },
    async flows() {
      const output = await list(TPROXY_TABLE);
      return output === null ? [] : parseNftFlows(output);
    },
    async forgetFlows(flows) {
      const deletions = flows.flatMap(({ source, destination }) => {
        const family = source.address.includes(':') ? 6 : 4;
        const key = [source, destination].map(({ address, port }) => `${address} . ${port}`).join(' . ');
        return [FLOW_SETS.open[family], FLOW_SETS.closing[family]].map((set) => ({ set, key }));
      });
      // Each is added first: deleting what is not there would refuse the whole transaction.
      const text = deletions.map(
        ({ set, key }) => `add element inet ${TPROXY_TABLE} ${set} { ${key} timeout 1m }
delete element inet ${TPROXY_TABLE} ${set} { ${key} }
`,
      );
      if (text.length > 0) await feed(text.join(''), []);
    },
    async test(changes) {
      const text = textOf(changes);
      if (text !== '') await feed(text, ['-c']);
    },
  };
}

/** By the names of chains, which is one listing for all back ends; each table of ours has chains. */
async function holdsNothing(run: ToolRunner): Promise<boolean> {
  const chains = await nftChainNames(run);
  return chains?.every(({ family, table }) => family !== 'inet' || !TABLES.includes(table)) ?? false;
}

function textOf(changes: readonly RulesetChange[]): string {
  return changes.map(({ operations }) => printNftOperations(operations)).join('');
}

// By itself unshare makes `/` private, and fails in a chroot, where `/` is no mount point. One mount is enough: the one
// that holds /sys/fs/cgroup, so that the new mount does not spread to other namespaces.
function withCgroups(mount: string, argv: Argv): Argv {
  return ['unshare', '--mount', '--propagation', 'unchanged', '--', 'sh', '-c', WITH_CGROUPS, 'sh', mount, ...argv];
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
      why: messageOf(cause),
      hint: 'see what `nft -j list table inet weir` prints; weir needs an nft that was built with JSON output',
      cause,
    });
  }
}
