/** Numbered requests and their count. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { NumberedJournal, NumberedLoad } from '../../../src/tour/adapters/numbered-load.ts';
import { until } from '../../until.ts';

describe('numbered requests', () => {
  let server: Server;
  let arrived = 0;
  beforeEach(() => {
    arrived = 0;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  async function load(listener: RequestListener): Promise<NumberedLoad> {
    server = createServer(listener);
    server.on('request', () => {
      arrived += 1;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return new NumberedLoad({ host: '127.0.0.1', port, perSecond: 200, connections: 4, longMs: 50 });
  }

  it('are all answered and arrive once, the long ones too', async () => {
    const journal = new NumberedJournal();
    const running = await load((asked, answer) => void journal.answer(asked, answer, '{"viaEnvoy":true}'));
    await until('some requests', async () => arrived > 20);
    const counts = await running.stop();
    assert.ok(counts.sent > 10);
    assert.deepEqual(counts, { sent: counts.sent, viaEnvoy: counts.sent, lost: 0, errors: [] });
    assert.deepEqual(journal.counts(), { arrived: counts.sent, doubled: 0 });
  });

  it('are lost when the connection ends without an answer, and told with a reason', async () => {
    const running = await load((asked) => asked.socket.destroy());
    await until('a request', async () => arrived > 1);
    const counts = await running.stop();
    assert.equal(counts.lost, counts.sent);
    assert.match(counts.errors[0] ?? '', /request 0: ECONNRESET/);
  });

  it('are doubled when a number comes twice, whoever sent it again', async () => {
    const journal = new NumberedJournal();
    const running = await load((asked, answer) => void journal.answer(asked, answer, '{"viaEnvoy":false}'));
    await until('a request', async () => arrived > 1);
    const { port } = server.address() as AddressInfo;
    await (await fetch(`http://127.0.0.1:${port}/numbered/1?ms=0`)).text();
    const { viaEnvoy } = await running.stop();
    assert.deepEqual([viaEnvoy, journal.counts().doubled], [0, 1]);
  });
});

it('other requests are left to whoever serves them', () => {
  const journal = new NumberedJournal();
  assert.equal(journal.answer({ url: '/' } as never, {} as never, ''), false);
  assert.deepEqual(journal.counts(), { arrived: 0, doubled: 0 });
});
