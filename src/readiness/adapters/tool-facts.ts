/** Asks the programs that weir calls for their versions. */
import { WeirError } from '../../errors/weir-error.ts';
import { gaveNoAnswer, isNotRun, runTool } from '../../platform/exec.ts';
import { lastLines } from '../../platform/last-lines.ts';
import type { ToolFact } from '../ports.ts';

const TIMEOUT_MS = 5000;
/** iproute2 prints its version for -V only. */
const SHORT_FLAG = new Set(['ip', 'ss', 'tc']);

/** The version in `nftables v1.0.6 (Lester Gooch #5)`, `iptables v1.8.9 (nf_tables)`, `iproute2-6.1.0`. */
const VERSION = /\d+\.\d[\w.]*(?: \((?:nf_tables|legacy)\))?/;

/** The tools among `names` that are here or may be, with their versions. */
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
    const { stdout, stderr, exitCode } = await run(argv, { timeoutMs: TIMEOUT_MS, reject: false });
    if (isNotRun(exitCode)) {
      const why = `${argv.join(' ')}: exit code ${exitCode}: ${lastLines(stderr) || 'it wrote nothing'}`;
      return { version: null, unknown: { why, hint: `run \`${argv.join(' ')}\` by hand to see more` } };
    }
    return { version: VERSION.exec(stdout)?.[0] ?? null };
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    if (error.code === 'WEIR2001') return null;
    if (!gaveNoAnswer(error)) throw error;
    return { version: null, unknown: { why: `${error.what}: ${error.why}`, hint: error.hint } };
  }
}
