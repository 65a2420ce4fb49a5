import { WeirError } from '../errors/weir-error.ts';
import type { runTool } from './exec.ts';

const TIMEOUT_MS = 20_000;

/** How often a deletion is begun again because an entry ended by itself between its listing and its deletion. */
const ATTEMPTS = 50;

/**
 * Runs `conntrack -L ...` or `conntrack -D ...` and resolves to the entries as it printed them.
 * `conntrack -D` exits with 1 when nothing matched, and some versions of -L do: the summary on stderr says that it worked.
 * Throws WEIR2001 when conntrack is missing and WEIR2003 when it fails.
 */
export async function runConntrack(run: typeof runTool, args: readonly string[]): Promise<string> {
  let output = '';
  for (let attempt = 1; ; attempt += 1) {
    const { exitCode, stdout, stderr } = await run(['conntrack', ...args], { timeoutMs: TIMEOUT_MS, reject: false });
    output += stdout;
    if (exitCode === 0 || /flow entries have been/.test(stderr)) return output;
    // conntrack-tools 1.4 gives up at the first entry that ended before its turn, so the rest is tried again.
    if (attempt < ATTEMPTS && /doesn't exist/.test(stderr)) continue;
    throw new WeirError('WEIR2003', {
      what: `conntrack ${args.join(' ')} failed with exit code ${exitCode}`,
      why: stderr.trim().slice(-1000) || 'it wrote nothing to stderr',
      hint: 'run weir as root; `weir check` says what this kernel lacks',
      details: { exitCode, stderr },
    });
  }
}
