import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConntrackFlows } from '../../src/host/conntrack-output.ts';

const REDIRECTED =
  'tcp      6 431999 ESTABLISHED src=10.77.0.1 dst=10.77.0.9 sport=60882 dport=80 src=127.0.0.1 dst=10.77.0.1 sport=15001 dport=60882 [ASSURED] mark=1459618064 use=1';

test('a redirected flow names the client, the destination before redirection and who answers', () => {
  assert.deepEqual(parseConntrackFlows(`${REDIRECTED}\n`), [
    {
      mark: 0x57000110,
      state: 'ESTABLISHED',
      source: { address: '10.77.0.1', port: 60882 },
      originalDestination: { address: '10.77.0.9', port: 80 },
      answeredBy: { address: '127.0.0.1', port: 15001 },
    },
  ]);
});

test('an IPv6 flow in the extended format keeps its addresses', () => {
  const [flow] = parseConntrackFlows(
    'ipv6     10 tcp      6 431999 ESTABLISHED src=fd77::1 dst=fd77::9 sport=55318 dport=80 src=::1 dst=fd77::1 sport=15001 dport=55318 [ASSURED] mark=1459618064 use=1 id=1494993341',
  );
  assert.deepEqual(flow?.originalDestination, { address: 'fd77::9', port: 80 });
  assert.deepEqual(flow?.answeredBy, { address: '::1', port: 15001 });
  assert.equal(flow?.state, 'ESTABLISHED');
});

test('a flow that nobody answered keeps its state', () => {
  const [flow] = parseConntrackFlows(
    'tcp      6 119 SYN_SENT src=10.77.0.1 dst=10.77.0.77 sport=36720 dport=81 [UNREPLIED] src=10.77.0.77 dst=10.77.0.1 sport=81 dport=36720 mark=0 use=2',
  );
  assert.equal(flow?.state, 'SYN_SENT');
  assert.equal(flow?.mark, 0);
  assert.deepEqual(flow?.answeredBy, { address: '10.77.0.77', port: 81 });
});

test('packet counts, zones and labels between the fields do not disturb', () => {
  const [flow] = parseConntrackFlows(
    'tcp      6 431992 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=4 dport=80 packets=6 bytes=443 src=127.0.0.1 dst=10.0.0.1 sport=15001 dport=4 packets=5 bytes=1000 [ASSURED] mark=1459618064 secctx=system_u:object_r:unlabeled_t:s0 zone=3 delta-time=9 use=1',
  );
  assert.deepEqual(flow?.source, { address: '10.0.0.1', port: 4 });
  assert.deepEqual(flow?.answeredBy, { address: '127.0.0.1', port: 15001 });
  assert.equal(flow?.mark, 0x57000110);
});

test('an offloaded flow, printed without state and timeout, counts as established', () => {
  const [flow] = parseConntrackFlows(
    'tcp      6 src=10.0.0.1 dst=10.0.0.2 sport=4 dport=80 src=127.0.0.1 dst=10.0.0.1 sport=15001 dport=4 [OFFLOAD] mark=1459618064 use=3',
  );
  assert.equal(flow?.state, 'ESTABLISHED');
});

test('a mark that is not printed is 0', () => {
  const [flow] = parseConntrackFlows(REDIRECTED.replace('mark=1459618064 ', ''));
  assert.equal(flow?.mark, 0);
});

test('other protocols and remarks are skipped', () => {
  const udp =
    'udp      17 29 src=10.0.0.1 dst=10.0.0.2 sport=53 dport=53 src=10.0.0.2 dst=10.0.0.1 sport=53 dport=53 mark=0 use=1';
  assert.deepEqual(parseConntrackFlows(`${udp}\nconntrack v1.4.7 (conntrack-tools): 0 flow entries\n\n`), []);
});

test('a flow that the listing names twice counts once', () => {
  const later = REDIRECTED.replace('431999', '431998');
  assert.equal(parseConntrackFlows(`${REDIRECTED}\n${later}\n`).length, 1);
});
