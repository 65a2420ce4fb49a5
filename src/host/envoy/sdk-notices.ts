import type { NotifyTarget, SidecarNotify } from '../../config/mesh-config.ts';
import type { NoticeResult } from '../../upgrade/upgrade-report.ts';
import type { NoticeBody } from '../../usecases/ports/sidecar.ts';
import { runTool } from '../exec.ts';

/**
 * Tells the RPC SDKs to stop sending on old connections: all in parallel, each at most `budgetMs`. Never throws: a hook
 * that is dead or slow is a result with `ok: false`, and the upgrade goes on. In-band notice is Envoy's own work.
 */
export async function sendNotices(
  notify: SidecarNotify | null,
  body: NoticeBody,
  budgetMs: number,
): Promise<readonly NoticeResult[]> {
  const roles = ['consumer', 'provider'] as const;
  const told = roles.flatMap((role) => {
    const target = notify?.[role] ?? null;
    return target === null ? [] : [sendNotice(role, target, { ...body, role }, budgetMs)];
  });
  return Promise.all(told);
}

async function sendNotice(
  role: 'consumer' | 'provider',
  target: NotifyTarget,
  body: NoticeBody,
  budgetMs: number,
): Promise<NoticeResult> {
  try {
    if (target.kind === 'dubbo-qos') {
      // Loaded when it is needed: node:http alone takes 14 MB, which most supervisors have no use for.
      const { askDubbo } = await import('./dubbo-qos.ts');
      return { role, adapter: target.kind, ...(await askDubbo(target.port, role, body.deadlineMs, budgetMs)) };
    }
    const detail =
      target.kind === 'http' ? await post(target.url, body, budgetMs) : await run(target.argv, body, budgetMs);
    return { role, adapter: target.kind, ok: true, detail };
  } catch (error) {
    return { role, adapter: target.kind, ok: false, detail: error instanceof Error ? reasonOf(error) : String(error) };
  }
}

function reasonOf(error: Error): string {
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${cause}`;
}

async function post(url: string, body: unknown, budgetMs: number): Promise<string> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(budgetMs),
    redirect: 'error',
  });
  const text = (await answer.text()).slice(0, 200);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status} ${text}`.trim());
  return text === '' ? String(answer.status) : text;
}

async function run(
  argv: readonly [string, ...string[]],
  body: Readonly<Record<string, unknown>>,
  budgetMs: number,
): Promise<string> {
  const env = Object.fromEntries(
    Object.entries(body).map(([key, value]) => [`WEIR_${key.toUpperCase()}`, String(value)]),
  );
  const { stdout } = await runTool(argv, { timeoutMs: budgetMs, input: JSON.stringify(body), env });
  return stdout.trim().slice(0, 200) || 'exit code 0';
}
