/** Requests to Envoy's admin interface. */
import type { AdminAddress } from '../../mesh/mesh-config.ts';
import { exchangeHttp, type HttpAnswer } from '../../platform/http-exchange.ts';

/**
 * The facts about an Envoy from its admin. `nonce` is its --admin-address-path: it tells two Envoys on one address
 * apart.
 */
export interface ServerInfo {
  readonly state: 'LIVE' | 'DRAINING' | 'PRE_INITIALIZING' | 'INITIALIZING';
  readonly version: string;
  readonly epoch: number;
  readonly baseId: number;
  readonly concurrency: number;
  readonly drainSeconds: number;
  readonly drainStrategy: string;
  readonly nonce: string;
  readonly hotRestartVersion: string;
}

/** A whole answer of the admin interface; null when none came within the time. */
export async function askAdmin(
  admin: AdminAddress,
  path: string,
  { method = 'GET', timeoutMs }: { readonly method?: 'GET' | 'POST'; readonly timeoutMs: number },
): Promise<HttpAnswer | null> {
  const outcome = await exchangeHttp(admin, { method, path, timeoutMs });
  return outcome.kind === 'answered' && outcome.isWhole ? outcome : null;
}

/** Asks `/server_info`; null when nobody answers or the answer is not Envoy's. */
export async function askServerInfo(admin: AdminAddress, timeoutMs: number): Promise<ServerInfo | null> {
  const answer = await askAdmin(admin, '/server_info', { timeoutMs });
  if (answer === null || answer.status !== 200) return null;
  try {
    const info = JSON.parse(answer.body);
    const options = info.command_line_options;
    return {
      state: info.state,
      version: String(info.version ?? '').split('/')[1] ?? '',
      epoch: Number(options.restart_epoch ?? 0),
      baseId: Number(options.base_id ?? 0),
      concurrency: Number(options.concurrency ?? 0),
      drainSeconds: Number.parseFloat(options.drain_time ?? '0'),
      drainStrategy: String(options.drain_strategy ?? 'Gradual'),
      nonce: String(options.admin_address_path ?? ''),
      hotRestartVersion: String(info.hot_restart_version ?? ''),
    };
  } catch {
    return null;
  }
}
