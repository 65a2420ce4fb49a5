/** Carries out the operator's check of a sidecar. */

import type { SidecarCheck } from '../../mesh/mesh-config.ts';
import { runTool } from '../../platform/exec.ts';

/** Asks the URL, or runs the program. Null: it holds; else why not, in words. Never throws. */
export async function runCheck(check: SidecarCheck, timeoutMs: number): Promise<string | null> {
  try {
    return check.kind === 'http' ? await ask(check.url, timeoutMs) : await run(check.argv, timeoutMs);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    return `${error instanceof Error ? error.message : String(error)}${cause}`;
  }
}

async function ask(url: string, timeoutMs: number): Promise<string | null> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'manual' });
  await answer.body?.cancel();
  return answer.status < 400 ? null : `${url} answered ${answer.status}`;
}

async function run(argv: readonly [string, ...string[]], timeoutMs: number): Promise<string | null> {
  const { exitCode, stdout, stderr } = await runTool(argv, { timeoutMs, reject: false });
  if (exitCode === 0) return null;
  const said = `${stdout}\n${stderr}`.trim().split('\n').at(-1) ?? '';
  return `${argv.join(' ')} ended with ${exitCode}${said === '' ? '' : `: ${said.slice(0, 200)}`}`;
}
