/** What an Envoy says of the addresses that its connections went to as they were. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { directAddresses } from '../../../src/discovery/adapters/direct-addresses.ts';

async function admin(t: TestContext, status: number, body: string) {
  const server = createServer((_request, response) => response.writeHead(status).end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { kind: 'http', host: '127.0.0.1', port } as const;
}

test('the hosts of the clusters for unchanged destinations are told, those of other clusters are not', async (t) => {
  const body = `original::observability_name::original
original::10.0.0.1:20880::cx_active::1
original::10.0.0.1:20880::cx_total::3
original::[fd00::1]:20880::cx_total::1
original-http::10.0.0.3:50051::cx_total::1
pay|0a0a0a0a::10.0.0.2:20880::cx_total::9
`;
  const addresses = ['10.0.0.1:20880', '[fd00::1]:20880', '10.0.0.3:50051'];
  assert.deepEqual(await directAddresses(await admin(t, 200, body)), addresses);
});

test('an admin that refuses, or that nobody serves, tells nothing', async (t) => {
  assert.equal(await directAddresses(await admin(t, 403, 'original::10.0.0.1:1::cx_total::3\n')), null);
  assert.equal(await directAddresses({ kind: 'unix', path: '/nowhere/admin.sock' }), null);
});
