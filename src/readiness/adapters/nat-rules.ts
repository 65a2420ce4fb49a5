/** Counts the rules in nat tables, by the tool that wrote them. */
import { readFile } from 'node:fs/promises';
import { WeirError } from '../../errors/weir-error.ts';
import { runTool } from '../../platform/exec.ts';
import { nullIfMissing } from '../../platform/null-if-missing.ts';

const TIMEOUT_MS = 10_000;

/**
 * The number of rules in nat tables, IPv4 and IPv6 together, by the kind of tool that wrote them; null: cannot tell.
 */
export async function countNatRules(run = runTool): Promise<{ nft: number | null; legacy: number | null }> {
  const [nft, ...legacy] = await Promise.all([
    countSaved(['iptables-nft-save', 'ip6tables-nft-save'], run),
    hasLegacyNat('ip').then((has) => (has ? countSaved(['iptables-legacy-save'], run) : 0)),
    hasLegacyNat('ip6').then((has) => (has ? countSaved(['ip6tables-legacy-save'], run) : 0)),
  ]);
  return { nft, legacy: sumOf(legacy) };
}

// iptables-legacy makes the table that it reads, so only an existing table is read.
async function hasLegacyNat(family: 'ip' | 'ip6'): Promise<boolean> {
  const names = await readFile(`/proc/net/${family}_tables_names`, 'utf8').catch(nullIfMissing);
  return (names ?? '').split('\n').includes('nat');
}

async function countSaved(tools: readonly string[], run: typeof runTool): Promise<number | null> {
  return sumOf(await Promise.all(tools.map((tool) => countRules(tool, run))));
}

// A missing or failing tool proves nothing: rules of its kind may be there all the same.
async function countRules(tool: string, run: typeof runTool): Promise<number | null> {
  try {
    const { stdout } = await run([tool, '-t', 'nat'], { timeoutMs: TIMEOUT_MS });
    return stdout.match(/^-A /gm)?.length ?? 0;
  } catch (error) {
    if (error instanceof WeirError) return null;
    throw error;
  }
}

/** Null when one of the counts is unknown. */
function sumOf(counts: readonly (number | null)[]): number | null {
  return counts.reduce<number | null>((sum, count) => (sum === null || count === null ? null : sum + count), 0);
}
