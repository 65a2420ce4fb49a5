/** The login to a Nacos that wants user and password. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { it } from 'node:test';
import { loginToNacos } from '../../../src/discovery/adapters/nacos/nacos-login.ts';

it('a login sends user and password and gives the token; a refusal says its status', async (t) => {
  const asked: string[] = [];
  const server = createServer(async (request, answer) => {
    const body = await text(request);
    asked.push(`${request.method} ${request.url} ${body}`);
    if (!body.includes('p%3Ass')) answer.statusCode = 403;
    answer.end(JSON.stringify({ accessToken: 'token', tokenTtl: 60 }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  const at = { host: '127.0.0.1', port: typeof address === 'object' && address !== null ? address.port : 0 };
  assert.deepEqual(await loginToNacos(at, 'user:p:ss', '/etc/weir/nacos'), {
    headers: { accessToken: 'token' },
    validMs: 60_000,
  });
  assert.deepEqual(asked, ['POST /nacos/v1/auth/users/login username=user&password=p%3Ass']);
  await assert.rejects(loginToNacos(at, 'user:wrong', '/etc/weir/nacos'), {
    name: 'NacosRefusal',
    message: 'the login as user was refused with 403: the server does not know this user with this password',
    nextStep: 'see the user and the password in /etc/weir/nacos',
  });
  server.close();
  server.closeAllConnections();
  await assert.rejects(
    loginToNacos(at, 'user:p:ss', '/etc/weir/nacos'),
    /the login as user got no answer: (?!fetch failed)./,
  );
});
