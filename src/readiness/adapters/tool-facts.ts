/** Asks the programs that weir calls for their versions. */
import { WeirError } from '../../errors/weir-error.ts';
import { runTool } from '../../platform/exec.ts';
import type { ToolFact } from '../ports.ts';

const TIMEOUT_MS = 5000;
/** iproute2 prints its version for -V only. */
const SHORT_FLAG = new Set(['ip', 'ss', 'tc']);

/** The version in `nftables v1.0.6 (Lester Gooch #5)`, `iptables v1.8.9 (nf_tables)`, `iproute2-6.1.0`. */
const VERSION = /\d+\.\d[\w.]*(?: \((?:nf_tables|legacy)\))?/;

/** The tools among `names` that can be run here, with their versions. */
export async function findTools(names: readonly string[], run = runTool): Promise<Map<string, ToolFact>> {
  const found = await Promise.all(
    names.map(async (name): Promise<[string, ToolFact][]> => {
      const tool = await askVersion(name, run);
      return tool === null ? [] : [[name, tool]];
    }),
  );
  return new Map(found.flat());
}

async function askVersion(name: string, run: typeof runTool): Promise<ToolFact | null> {
  try {
    const argv: [string, string] = [name, SHORT_FLAG.has(name) ? '-V' : '--version'];
    const { stdout } = await run(argv, { timeoutMs: TIMEOUT_MS, reject: false });
    return { version: VERSION.exec(stdout)?.[0] ?? null };
  } catch (error) {
    if (error instanceof WeirError && error.code === 'WEIR2001') return null;
    throw error;
  }
}
