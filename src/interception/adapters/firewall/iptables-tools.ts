/** Finds iptables-save and iptables-restore of one implementation and family. */
import { delimiter, join } from 'node:path';
import { WeirError } from '../../../errors/weir-error.ts';
import { isNotRun, type runTool, toolFailed } from '../../../platform/exec.ts';
import { isExecutable } from '../../../platform/executables.ts';
import { searchPath } from '../../../platform/search-path.ts';

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
 * Finds the programs of one kind and family: those with the kind in their names, else `iptables` when it reports that
 * kind. Releases before 1.8 know one kind, legacy, and do not name it.
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

/**
 * The same without asking for the version, which costs a program: named tools are found by their files.
 * @throws WeirError WEIR2001 when there is none
 */
export async function locateIptables(
  kind: IptablesKind,
  scope: 'ip' | 'ip6',
  run: typeof runTool,
): Promise<Omit<IptablesTools, 'version'>> {
  const [save, restore] = [`${scope}tables-${kind}-save`, `${scope}tables-${kind}-restore`];
  const folders = searchPath().split(delimiter);
  const isThere = (tool: string): boolean => folders.some((folder) => isExecutable(join(folder, tool)));
  return isThere(save) && isThere(restore) ? { save, restore } : findIptables(kind, scope, run);
}

async function askVersion(base: string, run: typeof runTool): Promise<IptablesTools | null> {
  const [save, restore] = [`${base}-save`, `${base}-restore`];
  try {
    const argv = [restore, '--version'] as const;
    const { stdout, stderr, exitCode } = await run(argv, { timeoutMs: TIMEOUT_MS, reject: false });
    // It is there, and could not be run: what it is nobody knows.
    if (isNotRun(exitCode)) throw toolFailed(argv, { stdout, stderr, exitCode });
    return { save, restore, version: /v\d\S*(?: \(\w+\))?/.exec(stdout)?.[0] ?? 'of unknown version' };
  } catch (error) {
    if (error instanceof WeirError && error.code === 'WEIR2001') return null;
    throw error;
  }
}
