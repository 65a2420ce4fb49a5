import { WeirError } from '../../errors/weir-error.ts';
import type { runTool } from '../exec.ts';

const TIMEOUT_MS = 10_000;

/** A chain that nf_tables holds, and the table it is in. */
export interface NftChainName {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
}

/**
 * The tables of the legacy iptables of one family that exist in this network namespace; null where the kernel has not
 * loaded it. Listing by iptables-legacy would make the table that it is asked about.
 */
export async function legacyTables(scope: 'ip' | 'ip6', run: typeof runTool): Promise<readonly string[] | null> {
  const { stdout, exitCode } = await run(['cat', `/proc/net/${scope}_tables_names`], {
    timeoutMs: TIMEOUT_MS,
    reject: false,
  });
  return exitCode === 0 ? stdout.split('\n').filter((name) => name !== '') : null;
}

/** Whether this network namespace has IPv6 at all. */
export async function hasIpv6(run: typeof runTool): Promise<boolean> {
  const { exitCode } = await run(['test', '-e', '/proc/net/if_inet6'], { timeoutMs: TIMEOUT_MS, reject: false });
  return exitCode === 0;
}

/**
 * Every chain of nf_tables in this network namespace by name, those of iptables-nft too; null without nft. No rule is
 * read: `list tables` and `list ruleset` of nft 1.0.6 read all of them, which takes long on hosts with many and can
 * crash on those that another version wrote.
 * @throws WeirError WEIR2003 when nft fails
 */
export async function nftChainNames(run: typeof runTool): Promise<readonly NftChainName[] | null> {
  try {
    const { stdout } = await run(['nft', '-j', 'list', 'chains'], { timeoutMs: TIMEOUT_MS });
    const { nftables } = JSON.parse(stdout) as {
      nftables: { chain?: { family: string; table: string; name: string } }[];
    };
    return nftables.flatMap(({ chain }) =>
      chain === undefined ? [] : [{ family: chain.family, table: chain.table, chain: chain.name }],
    );
  } catch (error) {
    if (error instanceof WeirError && error.code === 'WEIR2001') return null;
    throw error;
  }
}
