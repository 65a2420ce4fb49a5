/** Names of tables and chains that exist in the kernel, without a look at their rules. */
import { readFile } from 'node:fs/promises';
import { WeirError } from '../../../errors/weir-error.ts';
import { readIpv6 } from '../../../platform/facts/ipv6.ts';
import { nullIfMissing } from '../../../platform/null-if-missing.ts';
import type { ToolRunner } from './standby-tools.ts';

const TIMEOUT_MS = 10_000;

/** A chain that nf_tables holds, and the table it is in. */
export interface NftChainName {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  /** Where packets enter it; left out for a chain that only rules lead to. */
  readonly hook?: string;
}

/**
 * The tables of the legacy iptables of one family that exist in this network namespace; null where the kernel has not
 * loaded it. Listing by iptables-legacy would make the table that it is asked about.
 * @throws WeirError WEIR2003 when the kernel's list is there and may not be read: then nothing is known
 */
export async function legacyTables(scope: 'ip' | 'ip6', run: ToolRunner): Promise<readonly string[] | null> {
  const path = `/proc/self/net/${scope}_tables_names`;
  try {
    const text = await readProc(run, path);
    return text === null ? null : text.split('\n').filter((name) => name !== '');
  } catch (cause) {
    throw new WeirError('WEIR2003', {
      what: `${path} cannot be read`,
      why: cause instanceof Error ? cause.message : String(cause),
      hint: 'run weir as root, or with CAP_NET_ADMIN',
      cause,
    });
  }
}

/** Whether this network namespace has IPv6 at all. */
export async function hasIpv6(run: ToolRunner): Promise<boolean> {
  return (await readIpv6((path) => readProc(run, path))) !== 'absent';
}

/** Null when the file is not there. Throws the error of the file system. */
async function readProc(run: ToolRunner, path: string): Promise<string | null> {
  if (run.readProc !== undefined) return run.readProc(path);
  return readFile(path, 'utf8').catch(nullIfMissing);
}

const underWay = new WeakMap<ToolRunner, Promise<readonly NftChainName[] | null>>();

/**
 * Every chain of nf_tables in this network namespace by name, those of iptables-nft too; null without nft. Reads no
 * rule: `list tables` and `list ruleset` of nft 1.0.6 read all of them. That takes long on hosts with many rules, and
 * can crash on rules that another version wrote. Whoever asks while a listing is under way gets the same one.
 * @throws WeirError WEIR2003 when nft fails
 */
export function nftChainNames(run: ToolRunner): Promise<readonly NftChainName[] | null> {
  const known = underWay.get(run);
  if (known !== undefined) return known;
  const listing = listChainNames(run).finally(() => underWay.delete(run));
  underWay.set(run, listing);
  return listing;
}

async function listChainNames(run: ToolRunner): Promise<readonly NftChainName[] | null> {
  try {
    const { stdout } = await run(['nft', '-j', 'list', 'chains'], { timeoutMs: TIMEOUT_MS });
    const { nftables } = JSON.parse(stdout) as {
      nftables: { chain?: { family: string; table: string; name: string; hook?: string } }[];
    };
    return nftables.flatMap(({ chain }) => (chain === undefined ? [] : [nameOf(chain)]));
  } catch (error) {
    if (error instanceof WeirError && error.code === 'WEIR2001') return null;
    throw error;
  }
}

function nameOf(chain: { family: string; table: string; name: string; hook?: string }): NftChainName {
  const { family, table, name, hook } = chain;
  return { family, table, chain: name, ...(hook === undefined ? {} : { hook }) };
}
