import { readFile } from 'node:fs/promises';
import { runTool } from './exec.ts';

const TIMEOUT_MS = 10_000;

/** How many rules stand in nat tables, both families together, by the kind of tool that wrote them. */
export async function countNatRules(run = runTool): Promise<{ nft: number; legacy: number }> {
  const [nft, ...legacy] = await Promise.all([
    countSaved(['iptables-nft-save', 'ip6tables-nft-save'], run),
    hasLegacyNat('ip').then((has) => (has ? countSaved(['iptables-legacy-save'], run) : 0)),
    hasLegacyNat('ip6').then((has) => (has ? countSaved(['ip6tables-legacy-save'], run) : 0)),
  ]);
  return { nft, legacy: legacy.reduce((sum, count) => sum + count, 0) };
}

// iptables-legacy makes the table that it is asked about, so only a table that is there is asked about.
async function hasLegacyNat(family: 'ip' | 'ip6'): Promise<boolean> {
  const names = await readFile(`/proc/net/${family}_tables_names`, 'utf8').catch(() => '');
  return names.split('\n').includes('nat');
}

async function countSaved(tools: readonly string[], run: typeof runTool): Promise<number> {
  const texts = await Promise.all(
    tools.map((tool) => run([tool, '-t', 'nat'], { timeoutMs: TIMEOUT_MS, reject: false }).catch(() => null)),
  );
  return texts.reduce((sum, result) => sum + (result?.stdout.match(/^-A /gm)?.length ?? 0), 0);
}
