/** The kernel's own number of a network namespace, which no other one gets before the next boot. */
import { spawnSync } from 'node:child_process';
import { ASK_COOKIE_BY_PERL, ENTER_BY_PERL } from './enter-by-perl.ts';
import type { runTool } from './exec.ts';

const LIMIT_MS = 5000;

/** The cookie of this process's network namespace; null without perl, or on a kernel that tells none. */
export async function ownNamespaceCookie(run: typeof runTool): Promise<string | null> {
  const asked = run(['perl', '-e', ASK_COOKIE_BY_PERL], { timeoutMs: LIMIT_MS, reject: false });
  const { exitCode, stdout } = await asked.catch(() => ({ exitCode: 1, stdout: '' }));
  return exitCode === 0 ? cookieIn(stdout) : null;
}

/** The cookie of the namespace with this file; null where it cannot be told, as without the right to enter it. */
export function cookieOfNamespace(file: string): string | null {
  const asked = spawnSync('perl', ['-e', ENTER_BY_PERL, file, 'perl', '-e', ASK_COOKIE_BY_PERL], {
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  return asked.status === 0 ? cookieIn(asked.stdout) : null;
}

function cookieIn(text: string): string | null {
  return /^\d+$/.test(text) ? text : null;
}
