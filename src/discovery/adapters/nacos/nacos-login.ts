/** Logs in to a Nacos that wants user and password. */
import type { RegistryServer } from '../../../mesh/discovery-config.ts';
import { isPlainObject } from '../../world/read-json.ts';

const LOGIN_MS = 5_000;

/** The headers of a logged-in client; `credentials` is `user:password`. Rejects with the reason. */
export async function loginToNacos(
  { host, port }: RegistryServer,
  credentials: string,
): Promise<{ readonly headers: Readonly<Record<string, string>>; readonly validMs: number }> {
  const at = credentials.indexOf(':');
  const body = new URLSearchParams({ username: credentials.slice(0, at), password: credentials.slice(at + 1) });
  const authority = host.includes(':') ? `[${host}]` : host;
  const answer = await fetch(`http://${authority}:${port}/nacos/v1/auth/users/login`, {
    ...{ method: 'POST', body, signal: AbortSignal.timeout(LOGIN_MS) },
  });
  if (!answer.ok) throw new Error(`the login was answered with ${answer.status}`);
  const token: unknown = await answer.json();
  if (!isPlainObject(token) || typeof token.accessToken !== 'string') throw new Error('the login gave no token');
  const seconds = typeof token.tokenTtl === 'number' && token.tokenTtl > 0 ? token.tokenTtl : 18_000;
  return { headers: { accessToken: token.accessToken }, validMs: seconds * 1000 };
}
