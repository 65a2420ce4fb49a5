/** The question of a check, at a server that answers as it is told. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, it } from 'node:test';
import { askUrl } from '../../../src/sidecar/adapters/ask-url.ts';

const server = createServer((request, response) => {
  const status = Number(request.url?.slice(1));
  response.writeHead(status, { location: '/500' }).end('said');
});
let base = '';

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => server.closeAllConnections());
after(() => server.close());

for (const status of [200, 302, 404, 503]) {
  it(`an answer of ${status} ${status < 400 ? 'holds' : 'does not hold, and says so'}`, async () => {
    const expected = status < 400 ? null : `${base}/${status} answered ${status}`;
    assert.equal(await askUrl(`${base}/${status}`, 5000), expected);
  });
}

it('names the cause when nobody answers', async () => {
  assert.match((await askUrl('http://127.0.0.1:2/', 5000)) ?? '', /fetch failed: .*ECONNREFUSED/);
});
