/** The agent's machine while a registry refuses to show nodes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentStatus } from '../../../src/discovery/agent/agent-status.ts';
import { listing, MachineStage } from './machine-stage.ts';

const statusOf = ({ machine, nowMs }: MachineStage) =>
  agentStatus(machine, { pid: 1, sockets: [] }, { wallMs: nowMs, monotonicMs: nowMs });

test('hosts of the snapshot whose nodes an agent may not read at its start stay, and go when their nodes do', () => {
  const former = new MachineStage();
  former.tell(...listing('pay', [1, 2, 3, 4, 5]), ...listing('stock', [9]));
  former.synced();
  const stage = new MachineStage(undefined, former.machine.snapshot(1));
  stage.connect();
  const kept = { fault: { code: 'no-access', place: '/x', what: 'x' } } as const;
  const [metadata, listed] = listing('pay', [1, 2, 3]);
  if (metadata === undefined || listed?.kind !== 'instances') throw new Error('no listing');
  const names = [4, 5, 6].map((host) => `10.0.0.${host}:20880`) as [string, string, string];
  stage.tell(metadata, {
    ...listed,
    listed: new Map([...listed.listed, [names[0], kept]]),
    unread: new Set([names[1], names[2]]),
  });
  stage.tell(...listing('stock', [9]), {
    ...{ registry: 'hz', kind: 'refused' },
    places: new Map(names.map((name) => [`/services/pay/${name}`, 'weir may not read it'])),
  });
  stage.synced();
  stage.pass(60_000);
  assert.deepEqual([stage.hosts('pay'), statusOf(stage).apps[0]?.held], [[1, 2, 3, 4, 5], null]);
  const [hz] = statusOf(stage).registries;
  assert.deepEqual(
    [hz?.state, hz?.refused.total, hz?.refused.first[0]],
    ['synced', 3, { place: `/services/pay/${names[0]}`, reason: 'weir may not read it' }],
  );
  stage.tell({ registry: 'hz', kind: 'instance', app: 'pay', id: names[1], read: null });
  stage.pass(60_000);
  assert.deepEqual(stage.hosts('pay'), [1, 2, 3, 4]);
  // The next listing has no node of the other one any more.
  stage.tell(metadata, listed);
  stage.pass(60_000);
  assert.deepEqual(stage.hosts('pay'), [1, 2, 3]);
});
