/** Gateways in a real Envoy: HTTP, gRPC and Triple, Dubbo by interface and method, and TCP, as `weir fleet render` writes them. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect as connectH2, createServer as createH2Server } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { freePorts } from '../../free-ports.ts';
import { runWeirBin } from '../../run-weir.ts';
import { startProvider, WireCaller } from '../discovery/dubbo-frames.ts';
import { listening, runGateway } from './gateway-lab.ts';

const NO_ATTACHMENTS = new Map<string, string>();

/** An upstream of HTTP/1.1, and one of HTTP/2 alone, that answer with their names. */
async function httpUpstreams(t: TestContext): Promise<readonly [plain: number, rpc: number]> {
  const plain = createServer((request, response) => response.end(`plain ${request.httpVersion}`));
  const rpc = createH2Server((request, response) => response.end(`rpc ${request.httpVersion}`));
  return [await listening(t, plain), await listening(t, rpc)];
}

async function rpcCall(port: number, path: string): Promise<string> {
  const session = connectH2(`http://127.0.0.1:${port}`);
  const stream = session.request({
    ...{ ':method': 'POST', ':path': path, ':authority': 'shop.example', 'content-type': 'application/grpc' },
  });
  stream.end();
  try {
    return await text(stream);
  } finally {
    session.close();
  }
}

test('calls of HTTP, Triple, Dubbo and TCP go where the documents of a gateway say', {
  timeout: 180_000,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-gateway-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [plain, rpc] = await httpUpstreams(t);
  const providers = await Promise.all(['orders', 'queries', 'rest', 'spare'].map((name) => startProvider(name)));
  t.after(() => providers.map((one) => one.close()));
  const [orders, queries, rest, spare] = providers.map((one) => one.port);
  const [http = 0, dubbo = 0, tcp = 0] = await freePorts(3);
  const to = (port: number | undefined, weight?: number) => ({
    destination: { host: '127.0.0.1', port: { number: port } },
    ...(weight !== undefined && { weight }),
  });
  const write = (name: string, ...documents: readonly object[]) => {
    writeFileSync(join(folder, name), documents.map((one) => JSON.stringify(one)).join('\n---\n'));
    return join(folder, name);
  };
  const facade = [{ exact: 'com.acme.OrderFacade' }];
  write(
    'routes.yaml',
    {
      ...{ kind: 'VirtualService', metadata: { name: 'http' } },
      spec: {
        hosts: ['*'],
        http: [{ match: [{ uri: { prefix: '/com.acme.' } }], route: [to(rpc)] }, { route: [to(plain)] }],
        tcp: [{ match: [{ port: tcp }], route: [to(spare)] }],
      },
    },
    {
      ...{ kind: 'VirtualService', metadata: { name: 'dubbo' } },
      spec: {
        hosts: ['*'],
        dubbo: [
          {
            services: facade,
            routedetail: [
              { match: [{ method: { name_match: { prefix: 'get' } } }], route: [to(queries)] },
              { route: [to(orders, 1), to(spare, 0)] },
            ],
          },
          { services: [{ regex: 'com\\.acme\\..*' }], routedetail: [{ route: [to(rest, 50), to(spare, 50)] }] },
        ],
      },
    },
  );
  const listeners = [
    { name: 'web', port: http },
    { name: 'dubbo', port: dubbo, protocol: 'dubbo' },
    { name: 'tcp', port: tcp },
  ];
  const spec = { listeners, routes: ['routes.yaml'] };
  const file = write('gateway.yaml', { apiVersion: 'weir.dev/v1', kind: 'Gateway', metadata: { name: 'edge' }, spec });
  const out = ['--out', join(folder, 'out'), '--run-dir', folder, '--tls', join(folder, 'tls'), '--user', '65532'];
  const rendered = await runWeirBin(['fleet', 'render', file, ...out]);
  assert.equal(rendered.code, 0, rendered.stderr);
  await runGateway(t, readFileSync(join(folder, 'out/bootstrap.json'), 'utf8'), dubbo);

  const web = await fetch(`http://127.0.0.1:${http}/`, { headers: { host: 'shop.example' } });
  assert.equal(await web.text(), 'plain 1.1');
  assert.equal(await rpcCall(http, '/com.acme.OrderFacade/getTrade'), 'rpc 2.0');

  const caller = await WireCaller.open(dubbo);
  t.after(() => caller.close());
  const call = (service: string, method: string) =>
    caller.call({ interface: service, method, attachments: NO_ATTACHMENTS });
  assert.equal(await call('com.acme.OrderFacade', 'getTrade'), 'queries');
  assert.equal(await call('com.acme.OrderFacade', 'closeTrade'), 'orders');
  const shared = await Promise.all(Array.from({ length: 200 }, () => call('com.acme.Stock', 'getTrade')));
  const share = shared.filter((name) => name === 'rest').length;
  assert.ok(share > 50 && share < 150, `${share} of 200 calls went to one of two equal providers`);
  assert.deepEqual([...new Set(shared)].sort(), ['rest', 'spare']);
  assert.ok(!['orders', 'queries', 'rest', 'spare'].includes(await call('org.other.Service', 'getTrade')));

  const direct = await WireCaller.open(tcp);
  t.after(() => direct.close());
  const spoken = await direct.call({ interface: 'any', method: 'any', attachments: NO_ATTACHMENTS });
  assert.equal(spoken, 'spare');
});
