/** Triple through a real Envoy: real providers and a stock consumer, and requests of either version of HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exchangeHttp } from '../../../src/platform/http-exchange.ts';
import { until } from '../../until.ts';
import { LAB_UIDS } from '../lab/lab.ts';
import { AgentLab, UPSTREAM } from './agent-lab.ts';

const [A, B] = [50_051, 50_052];
const LIMIT_MS = 90_000;

test('Triple is balanced by registered address, in HTTP/2 and HTTP/1.1; what nobody registered goes where it wanted to go', {
  timeout: 280_000,
}, async (t) => {
  const lab = await AgentLab.open('triple', t);
  await Promise.all([A, B].map((port) => lab.provider(port, undefined, 'tri')));
  await lab.startAgent();
  await lab.status(({ apps }) => apps[0]?.endpoints.total === 2);
  await lab.startSidecar();
  const on = await lab.weir.json(['on', 'shop']);
  assert.equal(on.code, 0, JSON.stringify(on.json));

  /** Asks provider A as any HTTP client does; resolves to what came back. */
  const ask = async (version: string, path: string, ...headers: readonly string[]): Promise<string> => {
    const flags = headers.flatMap((header) => ['-H', header]);
    const url = `http://${UPSTREAM}:${A}/${path}`;
    const argv = ['curl', '-sS', '-m', '20', `--${version}`, ...flags, '-d', '["a"]', url] as const;
    const curl = lab.lab.start(lab.lab.client, argv, { uid: LAB_UIDS.app });
    await curl.ended;
    return curl.output();
  };
  const service = ['content-type: application/json', 'tri-service-version: 1.2.0', 'tri-service-group: blue'];
  const rest = ['content-type: application/json', 'rest-service-version: 1.2.0', 'rest-service-group: blue'];

  await t.test('requests to one provider are spread over both, in either version of HTTP', async () => {
    for (const version of ['http2-prior-knowledge', 'http1.1']) {
      const before = await hosts();
      for (const deadline = Date.now() + LIMIT_MS; Date.now() < deadline; ) {
        await ask(version, 'DubboProvider$Orders/order', ...service);
        const after = await hosts();
        if ([A, B].every((port) => (after.get(port) ?? 0) > (before.get(port) ?? 0))) break;
        assert.ok(Date.now() < deadline - 1_000, `${version}: ${JSON.stringify([...after])}`);
      }
    }
  });

  await t.test(
    'another version, a path that nobody registered and REST reach the provider that was asked',
    async () => {
      const other = service.map((header) => header.replace('1.2.0', '9.9.9'));
      for (const [path, headers] of [
        ['DubboProvider$Orders/order', other],
        ['DubboProvider$Orders/order', rest],
        ['nowhere/none', service],
      ] as const) {
        const before = await requests('original-http');
        await ask('http1.1', path, ...headers);
        assert.ok((await requests('original-http')) > before, path);
      }
    },
  );

  await t.test('calls of a stock consumer pass the cluster of Triple, and none fails', async () => {
    const before = await requests('orders|');
    await lab.startConsumer();
    await lab.untilAnswering([A, B]);
    await lab.calls();
    await until('twenty calls', async () => (await requests('orders|')) > before + 20);
    const { failed, last } = await lab.calls();
    assert.equal(failed, 0, last);
  });

  /** By port of the provider, the requests that it got from the cluster of orders. */
  async function hosts(): Promise<ReadonlyMap<number, number>> {
    const lines = (await admin('/clusters')).matchAll(/^orders\|.*:(\d+)::rq_total::(\d+)$/gm);
    return new Map([...lines].map(([, port, count]) => [Number(port), Number(count)]));
  }

  /** The requests that Envoy has sent to clusters whose name begins so. */
  async function requests(cluster: string): Promise<number> {
    const answer = await admin('/stats?filter=upstream_rq_total$&format=json');
    const { stats } = JSON.parse(answer) as { stats: { name: string; value: number }[] };
    const own = stats.filter(({ name }) => name.startsWith(`cluster.${cluster}`));
    return own.reduce((sum, { value }) => sum + value, 0);
  }

  async function admin(path: string): Promise<string> {
    const limits = { timeoutMs: 20_000, maxBytes: 8 * 1_048_576 };
    const answer = await exchangeHttp({ kind: 'unix', path: lab.adminPath }, { method: 'GET', path, ...limits });
    if (answer.kind !== 'answered') throw new Error('the admin does not answer');
    return answer.body;
  }
});
