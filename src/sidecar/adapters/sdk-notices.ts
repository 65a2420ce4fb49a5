/** Notices to RPC SDKs, sent side by side. */
import { unreachable } from '../../errors/unreachable.ts';
import type { NotifyTarget, SidecarNotify } from '../../mesh/mesh-config.ts';
import { runTool } from '../../platform/exec.ts';
import { exchangeHttp, requireAnswer } from '../../platform/http-exchange.ts';
import type { NoticeResult } from '../machine/upgrade-report.ts';
import type { NoticeBody } from '../ports.ts';

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
    const { kind: adapter } = target;
    switch (target.kind) {
      case 'dubbo-qos': {
        // Loaded when it is needed: its schemas stay in the memory of a supervisor.
        const { askDubbo } = await import('./dubbo-qos.ts');
        return { role, adapter, ...(await askDubbo(target.port, role, body.deadlineMs, budgetMs)) };
      }
      case 'http':
        return { role, adapter, ok: true, detail: await post(target.url, body, budgetMs) };
      case 'exec':
        return { role, adapter, ok: true, detail: await run(target.argv, body, budgetMs) };
      default:
        return unreachable(target);
    }
  } catch (error) {
    return { role, adapter: target.kind, ok: false, detail: error instanceof Error ? reasonOf(error) : String(error) };
  }
}

function reasonOf(error: Error): string {
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${cause}`;
}

async function post(url: string, body: unknown, budgetMs: number): Promise<string> {
  const { protocol, hostname, port, pathname, search, username } = new URL(url);
  const kind = protocol === 'https:' ? 'https' : 'http';
  if (username !== '') throw new Error(`${url}: a notice is sent without an account`);
  const place = {
    kind,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (kind === 'https' ? 443 : 80) : Number(port),
  } as const;
  const request = { method: 'POST', path: `${pathname}${search}`, timeoutMs: budgetMs, json: body } as const;
  const answer = requireAnswer(url, await exchangeHttp(place, request), budgetMs);
  const text = answer.body.slice(0, 200);
  if (answer.status < 200 || answer.status > 299) throw new Error(`${url} answered ${answer.status} ${text}`.trim());
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
