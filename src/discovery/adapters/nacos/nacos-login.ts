/** Logs in to a Nacos that wants user and password. */
import { messageOf } from '../../../errors/message-of.ts';
import type { RegistryServer } from '../../../mesh/discovery-config.ts';
import { NacosRefusal } from '../../registry/nacos/nacos-error.ts';
import { isPlainObject } from '../../world/read-json.ts';

const LOGIN_MS = 5_000;
/** What a server answers to a user or a password that it does not know. */
const REFUSALS = [401, 403];

/** The headers of a logged-in client, and how long they count. */
export interface NacosLogin {
  readonly headers: Readonly<Record<string, string>>;
  readonly validMs: number;
}

/** The user of `user:password`. */
export function userOf(credentials: string): string {
  return credentials.slice(0, credentials.indexOf(':'));
}

/**
 * Logs in; `credentials` is `user:password`, `file` is where they stand. Rejects with NacosRefusal for a login that the
 * server does not take, and with an Error when it gives no answer of use.
 */
export async function loginToNacos(
  { host, port }: RegistryServer,
  credentials: string,
  file: string,
): Promise<NacosLogin> {
  const user = userOf(credentials);
  const body = new URLSearchParams({ username: user, password: credentials.slice(user.length + 1) });
  const authority = host.includes(':') ? `[${host}]` : host;
  const answer = await fetch(`http://${authority}:${port}/nacos/v1/auth/users/login`, {
    ...{ method: 'POST', body, signal: AbortSignal.timeout(LOGIN_MS) },
  }).catch((error: Error) => {
    // What fetch rejects with says nothing by itself.
    throw new Error(`the login as ${user} got no answer: ${messageOf(error.cause ?? error)}`);
  });
  if (REFUSALS.includes(answer.status)) {
    const message = `the login as ${user} was refused with ${answer.status}: the server does not know this user with this password`;
    throw new NacosRefusal(message, `see the user and the password in ${file}`);
  }
  if (!answer.ok) throw new Error(`the login as ${user} was answered with ${answer.status}`);
  const token: unknown = await answer.json().catch(() => null);
  if (!isPlainObject(token) || typeof token.accessToken !== 'string') throw new Error('the login gave no token');
  const seconds = typeof token.tokenTtl === 'number' && token.tokenTtl > 0 ? token.tokenTtl : 18_000;
  return { headers: { accessToken: token.accessToken }, validMs: seconds * 1000 };
}
