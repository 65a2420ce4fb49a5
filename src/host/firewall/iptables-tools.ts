import { WeirError } from '../../errors/weir-error.ts';
import type { runTool } from '../exec.ts';

/** The two programs of one family: `iptables-nft-save` and `iptables-nft-restore`, or their names on this host. */
export interface IptablesTools {
  readonly save: string;
  readonly restore: string;
  /** As the program prints it: `v1.8.9 (nf_tables)`. */
  readonly version: string;
}

/** Which of the two implementations of iptables. */
export type IptablesKind = 'nft' | 'legacy';

const TIMEOUT_MS = 10_000;

/**
 * Finds the programs of one kind and family: those that have the kind in their names, else `iptables` where it is of
 * that kind by its own word. Releases before 1.8 know one kind, legacy, and do not name it.
 * @throws WeirError WEIR2001 when there is none
 */
export async function findIptables(
  kind: IptablesKind,
  scope: 'ip' | 'ip6',
  run: typeof runTool,
): Promise<IptablesTools> {
  const named = await askVersion(`${scope}tables-${kind}`, run);
  if (named !== null) return named;
  const plain = await askVersion(`${scope}tables`, run);
  const isKind = plain !== null && plain.version.includes('nf_tables') === (kind === 'nft');
  if (isKind) return plain;
  throw new WeirError('WEIR2001', {
    what: `${scope}tables-${kind} is missing`,
    why:
      plain === null
        ? `weir calls ${scope}tables-${kind}-restore, which was not found in PATH`
        : `the ${scope}tables that is there is ${plain.version}`,
    hint: 'install the package iptables',
  });
}

async function askVersion(base: string, run: typeof runTool): Promise<IptablesTools | null> {
  const [save, restore] = [`${base}-save`, `${base}-restore`];
  try {
    const { stdout } = await run([restore, '--version'], { timeoutMs: TIMEOUT_MS, reject: false });
    return { save, restore, version: /v\d\S*(?: \(\w+\))?/.exec(stdout)?.[0] ?? 'of unknown version' };
  } catch (error) {
    if (error instanceof WeirError && error.code === 'WEIR2001') return null;
    throw error;
  }
}
