/** Notices to SDKs over HTTP. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { sendNotices } from '../../../src/sidecar/adapters/sdk-notices.ts';

async function serverUrl(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/sdk/drain?zone=a`;
}

const send = async (url: string, budgetMs = 2000) => {
  const target = { kind: 'http', url } as const;
  const [notice] = await sendNotices(
    { consumer: target, provider: null },
    { sidecar: 'main', deadlineMs: 5 },
    budgetMs,
  );
  return { ok: notice?.ok, detail: notice?.detail ?? '' };
};

test('a notice by HTTP is a POST of one JSON document to the path and the query of the URL', async (t) => {
  const asked: unknown[] = [];
  const url = await serverUrl(t, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    asked.push([request.method, request.url, request.headers['content-type'], JSON.parse(body)]);
    response.end('moved 3');
  });
  assert.deepEqual(await send(url), { ok: true, detail: 'moved 3' });
  const body = { sidecar: 'main', deadlineMs: 5, role: 'consumer' };
  assert.deepEqual(asked, [['POST', '/sdk/drain?zone=a', 'application/json', body]]);
});

test('an answer other than 2xx, a redirection too, is no success', async (t) => {
  for (const status of [302, 404, 500]) {
    const url = await serverUrl(t, (_, response) => response.writeHead(status, { location: '/other' }).end('no'));
    assert.deepEqual(await send(url), { ok: false, detail: `${url} answered ${status} no` });
  }
});

test('a server that is silent, and none at all, are told apart', async (t) => {
  const url = await serverUrl(t, () => {});
  assert.match((await send(url, 100)).detail, /did not answer within 100 ms$/);
  assert.match((await send('http://127.0.0.1:1/')).detail, /could not be asked: .*ECONNREFUSED/);
});
