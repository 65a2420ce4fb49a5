/** etcd's gateway as it misbehaves: what is known of a request afterwards. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { askPrometheus } from '../../../src/fleet/adapters/ask-prometheus.ts';
import { etcdStore } from '../../../src/fleet/adapters/etcd/etcd-store.ts';
import { readFleetConfigText, readObjectsText } from '../../../src/fleet/adapters/fleet-files.ts';
import { HOST_PROTOCOL } from '../../../src/fleet/host/host-protocol.ts';
import { StoreFailure } from '../../../src/fleet/ports.ts';
import { FleetCommand } from '../../../src/fleet/text/fleet-command.ts';
import { FleetSwitchCommand } from '../../../src/fleet/text/fleet-switch-command.ts';
import { answerLine } from '../../../src/platform/agent/protocol.ts';

async function serve(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<string> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    answer(request, response, Buffer.concat(chunks).toString());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const store = (endpoint: string, more = {}) =>
  etcdStore({ name: 'east', kind: 'etcd', endpoints: [endpoint], timeout: 500, ...more });
const fate = (expected: StoreFailure['fate'], text: RegExp) => (error: unknown) =>
  error instanceof StoreFailure && error.fate === expected && text.test(error.message);

const WRITTEN = JSON.stringify({ header: { cluster_id: '7', revision: '3' }, succeeded: true });

test('a write of which the answer is missing, torn or no JSON has an unknown fate; a refusal has none', async (t) => {
  const answers: [(response: ServerResponse) => void, StoreFailure['fate'], RegExp][] = [
    [(response) => response.destroy(), 'unknown', /without an answer/],
    [() => undefined, 'unknown', /did not answer within/],
    [(response) => response.end('<html>'), 'unknown', /no JSON/],
    [
      (response) => void response.writeHead(503).end('{"error":"etcdserver: no leader","code":14}'),
      'unknown',
      /no leader/,
    ],
    [
      (response) => void response.writeHead(400).end('{"error":"etcdserver: user name is empty","code":3}'),
      'refused',
      /user name/,
    ],
    [
      (response) => void response.writeHead(404).end('{"error":"etcdserver: requested lease not found","code":5}'),
      'refused',
      /lease/,
    ],
  ];
  for (const [answer, expected, text] of answers) {
    const endpoint = await serve(t, (_request, response) => answer(response));
    await assert.rejects(store(endpoint).write([], [{ key: '/a', value: '1' }]), fate(expected, text), String(text));
  }
});

test('a user logs in once, again when the token has run out, and the password stands in a file', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-etcd-user-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, 'secret\n');
  let logins = 0;
  const endpoint = await serve(t, (request, response, body) => {
    if (request.url === '/v3/auth/authenticate') {
      assert.deepEqual(JSON.parse(body), { name: 'weir', password: 'secret' });
      logins += 1;
      response.end(JSON.stringify({ token: `t${logins}` }));
    } else if (request.headers.authorization === 't1' && logins === 1 && JSON.parse(body).success?.length === 2) {
      response.writeHead(401).end('{"error":"etcdserver: invalid auth token","code":16}');
    } else response.end(WRITTEN);
  });
  const own = store(endpoint, { user: 'weir', passwordFile });
  assert.equal((await own.write([], [{ key: '/a', value: '1' }])).kind, 'written');
  const two = [
    { key: '/a', value: '1' },
    { key: '/b', value: null },
  ];
  assert.deepEqual(await own.write([{ key: '/a', revision: '3' }], two), { kind: 'written', revision: '3' });
  assert.equal(logins, 2);
  const without = store(endpoint, { user: 'weir', passwordFile: join(folder, 'nothing') });
  await assert.rejects(without.list(['/']), fate('refused', /nothing cannot be read/));
});

test('an answer that says nothing of a lease does not say that it has ended', async (t) => {
  const answers = ['{"result":{"ID":"7"}}', '{"result":{"ID":"7","TTL":"5"}}', '{}'];
  const endpoint = await serve(t, (_request, response) => void response.end(answers.shift()));
  const own = store(endpoint);
  assert.equal(await own.keepAlive('7'), false);
  assert.equal(await own.keepAlive('7'), true);
  await assert.rejects(own.keepAlive('7'), /without a word about the lease/);
});

test('a slow member does not hold a read up', async (t) => {
  const slow = await serve(t, () => undefined);
  const good = await serve(t, (_request, response) =>
    response.end(JSON.stringify({ header: { cluster_id: '7', revision: '3' }, responses: [{}] })),
  );
  const both = etcdStore({ name: 'east', kind: 'etcd', endpoints: [slow, good], timeout: 5_000 });
  assert.deepEqual(await both.list(['/']), { items: [], revision: '3', clusterId: '7' });
});

test('a clock that somebody sets takes no time from the member that is asked next', async (t) => {
  const good = await serve(t, (_request, response) => void setTimeout(() => response.end(WRITTEN), 50));
  const both = etcdStore({ name: 'east', kind: 'etcd', endpoints: ['http://127.0.0.1:1', good], timeout: 20_000 });
  let wallMs = Date.now();
  t.mock.method(Date, 'now', () => {
    wallMs += 3_600_000;
    return wallMs;
  });
  assert.deepEqual(await both.write([], []), { kind: 'written', revision: '3' });
});

test('a stream that is no stream, or ends, ends the watch with a reason', async (t) => {
  const lost: [(response: ServerResponse) => void, RegExp][] = [
    [(response) => response.destroy(), /ended the connection|hang up|ECONNRESET/],
    [(response) => void response.writeHead(500).end('x'), /answered 500/],
    [(response) => response.end('{"result":{}}'), /no stream/],
    [
      (response) =>
        void response.writeHead(200, { 'transfer-encoding': 'chunked' }).end('{"result":{"created":true}}\n'),
      /ended the answer/,
    ],
    [(response) => void response.write('{"error":{"message":"etcdserver: permission denied"}}\n'), /permission denied/],
  ];
  for (const [answer, why] of lost) {
    const endpoint = await serve(t, (_request, response) => answer(response));
    const end = await store(endpoint).watch(['/a/'], '1', () => {}, AbortSignal.timeout(2_000));
    assert.ok(end.kind === 'lost' && why.test(end.why), JSON.stringify(end));
  }
});

test('a gate gets one value of Prometheus, or the reason why there is none', async (t) => {
  const answers = new Map([
    ['one', '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"0.25"]}]}}'],
    ['scalar', '{"status":"success","data":{"resultType":"scalar","result":[1,"3"]}}'],
    ['none', '{"status":"success","data":{"resultType":"vector","result":[]}}'],
    ['nan', '{"status":"success","data":{"resultType":"vector","result":[{"value":[1,"NaN"]}]}}'],
    ['wrong', '{"status":"error","error":"parse error"}'],
    ['html', '<html>'],
  ]);
  const url = await serve(t, (request, response) => {
    const query = new URL(request.url ?? '', 'http://p').searchParams.get('query') ?? '';
    response.end(answers.get(query) ?? '');
  });
  const ask = async (query: string) => await askPrometheus({ type: 'prometheus', url, query });
  assert.deepEqual([(await ask('one')).value, (await ask('scalar')).value], [0.25, 3]);
  for (const [query, why] of [
    ['none', /0 values/],
    ['nan', /no number/],
    ['wrong', /parse error/],
    ['html', /no JSON/],
  ] as const) {
    const { value, why: said } = await ask(query);
    assert.equal(value, null);
    assert.match(said ?? '', why);
  }
  assert.match(
    (await askPrometheus({ type: 'prometheus', url: 'http://127.0.0.1:1', query: 'q' })).why ?? '',
    /ECONNREFUSED/,
  );
});

test('files that are not there, no files or no text are told; a region without a store refuses all', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-fleet-files-'));
  t.after(() => rmSync(folder, { recursive: true }));
  await assert.rejects(readFleetConfigText(join(folder, 'none.yaml')), { code: 'WEIR1602', exit: 2 });
  await assert.rejects(readFleetConfigText(folder), { code: 'WEIR1602' });
  await assert.rejects(readObjectsText(join(folder, 'none.yaml')), { code: 'WEIR1602' });
  writeFileSync(join(folder, 'latin1'), Buffer.from([0xe4, 0x0a]));
  await assert.rejects(readObjectsText(join(folder, 'latin1')), /cannot be read/);
  writeFileSync(join(folder, 'good'), 'ä');
  assert.equal(await readObjectsText(join(folder, 'good')), 'ä');
});

test('the host daemon answers typed requests, and commands of the fleet know where its file is', async () => {
  const lines: string[] = [];
  const handlers = {
    status: async () => Promise.reject(new Error('unused')),
    confirm: async () => ({ confirmed: true }),
  };
  await answerLine(
    HOST_PROTOCOL,
    handlers,
    '{"schemaVersion":1,"command":"confirm"}',
    (line) => lines.push(line),
    new AbortController().signal,
  );
  assert.deepEqual(JSON.parse(lines[0] ?? ''), { schemaVersion: 1, result: { confirmed: true } });
  assert.equal(FleetCommand.baseFlags['fleet-config'].env, 'WEIR_FLEET_CONFIG');
  assert.ok('all' in FleetSwitchCommand.flags);
});
