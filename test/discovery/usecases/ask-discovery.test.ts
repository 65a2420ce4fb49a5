/** Requests to an agent that is not there, hangs, or has heard nothing yet. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { agentLine, agentSocketPath } from '../../../src/discovery/adapters/agent-line.ts';
import {
  type AgentLine,
  confirmList,
  discoveryStatus,
  listRoutes,
} from '../../../src/discovery/usecases/ask-discovery.ts';

/** A run directory whose agent takes each request and does this with it. */
async function agent(t: TestContext, take: (socket: Socket) => void): Promise<string> {
  const runDir = mkdtempSync(join(tmpdir(), 'weir-ask-'));
  const path = agentSocketPath(runDir);
  mkdirSync(dirname(path));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('data', () => take(socket));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    rmSync(runDir, { recursive: true });
  });
  return runDir;
}

test('an agent that takes a request and says nothing is told as that, and may still do it', async (t) => {
  const line = agentLine(await agent(t, () => undefined), 'agent', 50);
  const asks = [() => discoveryStatus(line), () => confirmList(line, 'pay'), () => listRoutes(line, 'shop', null)];
  for (const ask of asks) {
    await assert.rejects(ask(), (error: { code: string; what: string; why: string; hint: string }) => {
      assert.deepEqual([error.code, error.what], ['WEIR6006', 'the discovery agent does not answer']);
      assert.match(error.why, /said nothing for 0\.05 s: it is stopped, or hangs$/);
      assert.match(error.hint, /it may still do what it was asked/);
      return true;
    });
  }
});

test('an agent that ends in the middle, and none at all, are told apart from one that hangs', async (t) => {
  const ending = agentLine(await agent(t, (socket) => socket.destroy()));
  await assert.rejects(discoveryStatus(ending), { code: 'WEIR6006', why: 'it went away without an answer' });
  await assert.rejects(discoveryStatus(agentLine('/nowhere')), { code: 'WEIR6006', why: /^nobody listens on/ });
});

test('an agent that has not heard its registries does not say that calls keep their address', async () => {
  const answering = (result: object) =>
    ({ socket: '/s', ask: async () => ({ kind: 'result', result }) }) as unknown as AgentLine;
  const unheard = answering({ known: true, serving: false, routes: [] });
  await assert.rejects(listRoutes(unheard, 'shop', null), { code: 'WEIR6002', exit: 3 });
  assert.deepEqual(await listRoutes(answering({ known: true, serving: true, routes: [] }), 'shop', null), []);
  const unknown = answering({ known: false, serving: false, routes: [] });
  await assert.rejects(listRoutes(unknown, 'nobody', null), { code: 'WEIR6009' });
});
