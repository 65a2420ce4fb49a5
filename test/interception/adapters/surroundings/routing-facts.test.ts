/** Routing as `ip -j` of iproute2 6.1 tells it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readRouting } from '../../../../src/interception/adapters/surroundings/routing-facts.ts';
import { fakeTools, type ToolAnswer } from '../../../fakes/fake-tools.ts';

const LOCAL = { priority: 0, src: 'all', table: 'local' };
const LINKS = [
  { ifname: 'lo', flags: ['LOOPBACK', 'UP'], addr_info: [{ family: 'inet', local: '127.0.0.1', scope: 'host' }] },
  // iproute2 prints an empty object for each link that is not up.
  {},
  {
    ifname: 'eth0',
    flags: ['BROADCAST', 'UP'],
    addr_info: [
      { family: 'inet', local: '192.0.2.2', scope: 'global' },
      { family: 'inet6', local: 'fe80::1', scope: 'link' },
    ],
  },
  { ifname: 'eth1', master: 'br0', addr_info: [] },
];

const ROUTES = [
  { dst: 'default', gateway: '192.0.2.1', dev: 'eth0', flags: [] },
  { dst: '169.254.0.0/16', dev: 'eth7', scope: 'link', flags: [] },
  { type: 'local', dst: '192.0.2.2', dev: 'eth8', table: 'local' },
];

function ipTool(changes: Record<string, ToolAnswer> = {}) {
  const answers: Record<string, ToolAnswer> = {
    'ip -j -4 rule show': JSON.stringify([LOCAL]),
    'ip -j -6 rule show': JSON.stringify([LOCAL]),
    'ip -j addr show up': JSON.stringify(LINKS),
    'ip -j -4 route show table all': JSON.stringify(ROUTES),
    'ip -j -6 route show table all': '',
    ...changes,
  };
  return readRouting(fakeTools(answers).run);
}

async function seen(changes: Record<string, ToolAnswer> = {}) {
  const facts = await ipTool(changes);
  assert.ok('seen' in facts, JSON.stringify(facts));
  return facts.seen;
}

describe('routing facts', () => {
  it('have the addresses of each interface that is its own master', async () => {
    const { interfaces } = await seen();
    const named = interfaces.filter(({ name }) => name !== undefined);
    assert.deepEqual(named, [
      {
        name: 'lo',
        isLoopback: true,
        addresses: [],
        has: { ipv4: false, ipv6: false },
        carries: { ipv4: false, ipv6: false },
      },
      {
        name: 'eth0',
        isLoopback: false,
        addresses: ['192.0.2.2'],
        has: { ipv4: true, ipv6: false },
        carries: { ipv4: true, ipv6: false },
      },
    ]);
  });

  it('count a route out of the link, over any of its next hops', async () => {
    const route = [{ dst: 'default', nexthops: [{ dev: 'eth9' }, { dev: 'eth0' }] }];
    const { interfaces } = await seen({
      'ip -j -4 route show table all': '[]',
      'ip -j -6 route show table all': JSON.stringify(route),
    });
    const carries = interfaces.find(({ name }) => name === 'eth0')?.carries;
    assert.deepEqual(carries, { ipv4: false, ipv6: true });
    const own = await seen({ 'ip -j -4 route show table all': JSON.stringify(ROUTES.slice(1)) });
    assert.equal(
      own.interfaces.some(({ carries: { ipv4 } }) => ipv4),
      false,
    );
  });

  it('have the rules that are asked before the local table, by priority', async () => {
    const rules = [
      { priority: 32_766, src: 'all', table: 'main' },
      { priority: 5, src: 'all', fwmark: '0x1', table: '100' },
      { priority: 3, src: '10.0.0.0', dst: '192.0.2.7', table: '200' },
      { ...LOCAL, priority: 10 },
    ];
    const { rulesBeforeLocal } = await seen({ 'ip -j -4 rule show': JSON.stringify(rules) });
    assert.deepEqual(rulesBeforeLocal, [
      { family: 4, hasMark: false, text: '3: from 10.0.0.0 to 192.0.2.7 lookup 200' },
      { family: 4, hasMark: true, text: '5: from all fwmark 0x1 lookup 100' },
    ]);
  });

  it('take the local table only where it is asked for everything', async () => {
    const rules = [
      { priority: 0, src: 'all', fwmark: '0x1', table: 'local' },
      { priority: 1, src: '10.0.0.0', table: 'local' },
      { ...LOCAL, priority: 2 },
    ];
    const { rulesBeforeLocal } = await seen({ 'ip -j -6 rule show': JSON.stringify(rules) });
    assert.deepEqual(
      rulesBeforeLocal.map(({ text }) => text.slice(0, 2)),
      ['0:', '1:'],
    );
  });

  it('are those of IPv4 alone in a kernel without IPv6', async () => {
    const without: ToolAnswer = { exitCode: 2, stderr: 'Address family not supported by protocol' };
    const { rulesBeforeLocal } = await seen({
      'ip -j -6 rule show': without,
      'ip -j -6 route show table all': without,
    });
    assert.deepEqual(rulesBeforeLocal, []);
  });

  it('are unseen when ip fails, is missing, or prints no JSON', async () => {
    const denied = await ipTool({ 'ip -j -6 rule show': { exitCode: 2, stderr: 'Operation not permitted' } });
    assert.deepEqual(denied, { unseen: 'ip -j -6 rule show failed: exit code 2: Operation not permitted' });
    assert.ok('unseen' in (await readRouting(fakeTools({}).run)));
    assert.ok('unseen' in (await ipTool({ 'ip -j addr show up': 'Usage: ip' })));
  });
});
