/** Questions to the other container of a pod. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { exchangeLines } from '../../../src/platform/control-socket.ts';
import { openPeerDoor } from '../../../src/sidecar/adapters/peer-door.ts';
import { openPeer } from '../../../src/sidecar/adapters/peer-processes.ts';
import type { PeerProcesses } from '../../../src/sidecar/adapters/sidecar-host.ts';
import { PEER_QUESTIONS } from '../../../src/sidecar/records/peer-protocol.ts';

let folder: string;
let socket: string;
let asked: unknown[][];
let processes: PeerProcesses;

describe('questions to the other container of a pod', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-peer-'));
    socket = join(folder, 'peer.sock');
    asked = [];
    const answers = Object.fromEntries(
      Object.keys(PEER_QUESTIONS).map((question) => [
        question,
        async (...args: unknown[]) => {
          asked.push([question, ...args]);
          if (question === 'inodes') return ['4711'];
          return question === 'releaseSinks' ? undefined : question === 'isAlive' || question === 'signal';
        },
      ]),
    );
    processes = answers as unknown as PeerProcesses;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('questions about processes reach the other container with their arguments, and answers come back', async () => {
    const door = await openPeerDoor(socket, processes);
    const peer = await openPeer(socket);
    assert.equal(await peer?.processes.isAlive(3), true);
    assert.equal(await peer?.processes.signal(3, 'SIGTERM'), true);
    assert.deepEqual(await peer?.processes.inodes(3), ['4711']);
    await peer?.processes.releaseSinks(1, 7);
    assert.deepEqual(asked, [
      ['isAlive', 3],
      ['signal', 3, 'SIGTERM'],
      ['inodes', 3],
      ['releaseSinks', 1, 7],
    ]);
    await peer?.retire();
    assert.equal(await door.end, 'retired');
  });

  test('a container that lets go, or is gone, gives the processes back', async () => {
    const door = await openPeerDoor(socket, processes);
    const peer = await openPeer(socket);
    peer?.release();
    assert.equal(await door.end, 'gone');
  });

  test('the processes of a container that is gone are dead', async () => {
    const door = await openPeerDoor(socket, processes);
    const peer = await openPeer(socket);
    await peer?.retire();
    await door.end;
    await peer?.gone;
    assert.equal(await peer?.processes.isAlive(3), false);
    assert.deepEqual(await peer?.processes.living(), []);
    assert.equal(await openPeer(socket), null);
  });

  test('nothing but the listed questions is answered', async () => {
    const door = await openPeerDoor(socket, processes);
    const wrong = [
      { command: 'ask', method: 'constructor', args: [] },
      { command: 'ask', method: 'signal', args: [3, 'SIGSTOP'] },
      { command: 'ask', method: 'isAlive', args: ['3'] },
      { command: 'toString' },
    ];
    for (const request of wrong) {
      const lines: string[] = [];
      await exchangeLines(socket, JSON.stringify(request), (line) => lines.push(line));
      assert.ok('error' in JSON.parse(lines[0] ?? '{}'), JSON.stringify(request));
    }
    assert.deepEqual(asked, []);
    await exchangeLines(socket, JSON.stringify({ command: 'retire' }), () => {});
    assert.equal(await door.end, 'retired');
  });
});
