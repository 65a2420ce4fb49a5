/** Notices to Dubbo's QoS port. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { sendNotices } from '../../../src/sidecar/adapters/sdk-notices.ts';

describe('a notice to the QoS port of Dubbo', () => {
  const closing: (() => void)[] = [];
  after(() => {
    for (const close of closing) close();
  });

  async function qosPort(listener: RequestListener): Promise<number> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    await new Promise((resolve) => server.once('listening', resolve));
    return (server.address() as AddressInfo).port;
  }

  const body = { sidecar: 'main', event: 'drain', deadlineMs: 15_000 };
  const notify = (role: 'consumer' | 'provider', port: number, budgetMs = 2000) =>
    sendNotices({ consumer: null, provider: null, [role]: { kind: 'dubbo-qos', port } }, body, budgetMs);

  it('asks for the role, with the deadline and a budget that leaves time for the answer, in this order', async () => {
    const asked: string[] = [];
    const port = await qosPort((request, response) => {
      asked.push(request.url ?? '');
      response.end('{"moved":3,"failed":0,"pending":7}');
    });
    const notices = await notify('consumer', port);
    assert.deepEqual(asked, ['/weirDrain?role=consumer&deadlineMs=15000&budgetMs=1600']);
    assert.deepEqual(notices, [
      {
        role: 'consumer',
        adapter: 'dubbo-qos',
        ok: true,
        detail: 'moved 3 connections, 7 calls pending on old ones',
        counts: { moved: 3, failed: 0, pending: 7 },
      },
    ]);
  });

  it('is not ok when a connection could not be moved', async () => {
    const port = await qosPort((_, response) => response.end('{"moved":1,"failed":2,"pending":0}'));
    const [notice] = await notify('consumer', port);
    assert.equal(notice?.ok, false);
    assert.match(notice?.detail ?? '', /2 not yet/);
  });

  it('tells a provider, which answers how many connections it told', async () => {
    const port = await qosPort((_, response) => response.end('{"told":4}'));
    const [notice] = await notify('provider', port);
    assert.deepEqual([notice?.ok, notice?.counts], [true, { told: 4 }]);
  });

  it('says that the jar is missing when Dubbo does not know the command', async () => {
    const port = await qosPort((_, response) => response.writeHead(404).end());
    const [notice] = await notify('consumer', port);
    assert.deepEqual([notice?.ok, notice?.detail.includes('without weir-dubbo.jar')], [false, true]);
  });

  it('never throws and never takes longer than its budget, whatever is at the port', async () => {
    const endless: RequestListener = (_, response) => {
      const timer = setInterval(() => response.write('x'.repeat(10_000)), 5);
      response.on('close', () => clearInterval(timer));
    };
    const ports = [
      await qosPort(() => {}),
      await qosPort(endless),
      await qosPort((request) => request.socket.destroy()),
      await qosPort((_, response) => response.end('{"moved":"all"}')),
      await qosPort((_, response) => response.writeHead(500).end('broken')),
      // Nobody listens on the port of a server that has ended.
      1,
    ];
    const began = performance.now();
    const answers = await Promise.all(ports.map((port) => notify('consumer', port, 500)));
    assert.deepEqual(
      answers.map(([notice]) => notice?.ok),
      ports.map(() => false),
    );
    assert.ok(performance.now() - began < 1500);
  });
});
