/** Collects the rules of other programs from nft and both kinds of iptables. */
import { WeirError } from '../../../errors/weir-error.ts';
import { runTool } from '../../../platform/exec.ts';
import type { ForeignTable } from '../../surroundings/foreign-rules.ts';
import { readNftRules } from '../../surroundings/read-nft-rules.ts';
import { readSavedRules } from '../../surroundings/read-saved-rules.ts';
import type { Seen } from '../../surroundings/seen.ts';
import { type IptablesKind, locateIptables } from '../firewall/iptables-tools.ts';
import { legacyTables, type NftChainName, nftChainNames } from '../firewall/kernel-tables.ts';

const TIMEOUT_MS = 5000;
/** The tables that iptables-nft keeps in nf_tables. */
const IPTABLES_TABLES = ['raw', 'mangle', 'nat', 'filter', 'security'];
/** Hooks that an application's connection, or one to it, passes. */
const HOOKS = ['prerouting', 'input', 'output'];

/**
 * The rules of other programs in this network namespace; `unseen` when a back end that may hold some cannot be read.
 */
export async function readForeignRules(run = runTool): Promise<Seen<readonly ForeignTable[]>> {
  try {
    const [nft, legacy4, legacy6] = await Promise.all([readNf(run), readLegacy('ip', run), readLegacy('ip6', run)]);
    return { seen: [...nft, ...legacy4, ...legacy6] };
  } catch (error) {
    return { unseen: error instanceof WeirError ? `${error.what}: ${error.why}` : String(error) };
  }
}

/** The rules in nf_tables: nft reads the native tables, iptables-nft its own, whose matches only it understands. */
async function readNf(run: typeof runTool): Promise<ForeignTable[]> {
  const chains = await nftChainNames(run);
  // Without nft nothing but iptables-nft can have written there.
  if (chains === null) return (await Promise.all([readSaved('nft', 'ip', run), readSaved('nft', 'ip6', run)])).flat();
  const tables = [...Map.groupBy(chains, ({ family, table }) => `${family} ${table}`).values()].flatMap((group) => {
    const [first] = group;
    const isEntered = group.some(({ hook }) => hook !== undefined && HOOKS.includes(hook));
    const isOurs = first?.family === 'inet' && /^weir(?:_|$)/.test(first.table);
    return first === undefined || !isEntered || isOurs ? [] : [first];
  });
  const isIptables = ({ family, table }: NftChainName): boolean => family !== 'inet' && IPTABLES_TABLES.includes(table);
  const scopes = (['ip', 'ip6'] as const).filter((scope) =>
    tables.some((table) => table.family === scope && isIptables(table)),
  );
  const [saved, native] = await Promise.all([
    Promise.all(scopes.map((scope) => readSaved('nft', scope, run))).then((read) => read.flat()),
    Promise.all(tables.filter((table) => !isIptables(table)).map((table) => listTable(table, run))),
  ]);
  // iptables cannot read a table of its own name that nft wrote.
  const beyond = tables.filter(
    (table) => isIptables(table) && !saved.some(({ family, name }) => family === table.family && name === table.table),
  );
  const rest = await Promise.all(beyond.map((table) => listTable(table, run)));
  return [...saved, ...readNftRules([...native, ...rest])];
}

async function listTable({ family, table }: NftChainName, run: typeof runTool): Promise<string> {
  return (await run(['nft', '-j', 'list', 'table', family, table], { timeoutMs: TIMEOUT_MS })).stdout;
}

async function readSaved(kind: IptablesKind, scope: 'ip' | 'ip6', run: typeof runTool): Promise<ForeignTable[]> {
  try {
    const { save } = await locateIptables(kind, scope, run);
    const { stdout } = await run([save], { timeoutMs: TIMEOUT_MS });
    return readSavedRules(stdout, scope, `iptables-${kind}`);
  } catch (error) {
    if (error instanceof WeirError && error.code === 'WEIR2001') return [];
    throw error;
  }
}

/** A legacy table that does not exist is not listed, because a listing would make it. */
async function readLegacy(scope: 'ip' | 'ip6', run: typeof runTool): Promise<ForeignTable[]> {
  const tables = (await legacyTables(scope, run)) ?? [];
  return tables.length === 0 ? [] : readSaved('legacy', scope, run);
}
