/** Reading of conntrack's output. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConntrackFlows } from '../../../../src/interception/adapters/connections/conntrack-output.ts';

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

test('a connection reads the same from /proc and from conntrack, in both families', () => {
  const ports = 'sport=47706 dport=8080';
  const back = 'sport=15001 dport=47706';
  const listed = [
    `tcp      6 119 TIME_WAIT src=fd77::1 dst=fd77::2 ${ports} src=::1 dst=fd77::1 ${back} [ASSURED] mark=1459618064 use=1`,
    `tcp      6 119 TIME_WAIT src=10.77.0.1 dst=10.77.0.2 ${ports} src=127.0.0.1 dst=10.77.0.1 ${back} [ASSURED] mark=1459618064 use=1`,
    `tcp      6 9 CLOSE src=1:203:4:0:5::6 dst=2001:db8:0:1:1:1:1:1 ${ports} src=fe80::a00 dst=::ffff:10.0.0.1 ${back} mark=7 use=1`,
  ];
  const full = (groups: string): string => groups.replaceAll(/\b[\da-f]{1,4}\b/g, (group) => group.padStart(4, '0'));
  const inProc = [
    `ipv6     10 tcp      6 119 TIME_WAIT src=${full('fd77:0:0:0:0:0:0:1')} dst=${full('fd77:0:0:0:0:0:0:2')} ${ports} src=${full('0:0:0:0:0:0:0:1')} dst=${full('fd77:0:0:0:0:0:0:1')} ${back} [ASSURED] mark=1459618064 zone=0 use=2`,
    `ipv4     2 tcp      6 119 TIME_WAIT src=10.77.0.1 dst=10.77.0.2 ${ports} src=127.0.0.1 dst=10.77.0.1 ${back} [ASSURED] mark=1459618064 zone=0 use=2`,
    `ipv6     10 tcp      6 9 CLOSE src=${full('1:203:4:0:5:0:0:6')} dst=${full('2001:db8:0:1:1:1:1:1')} ${ports} src=${full('fe80:0:0:0:0:0:0:a00')} dst=${full('0:0:0:0:0:ffff:a00:1')} ${back} mark=7 zone=0 use=2`,
  ];
  assert.deepEqual(parseConntrackFlows(inProc.join('\n')), parseConntrackFlows(listed.join('\n')));
});

test('a flow reads the same wherever its fields stand', () => {
  const [usual] = parseConntrackFlows(REDIRECTED);
  const odd = [
    REDIRECTED.replace('dst=10.77.0.9 sport=60882 dport=80', 'sport=60882 dport=80 dst=10.77.0.9'),
    REDIRECTED.replace('dst=10.77.0.1 sport=15001', 'sport=15001 dst=10.77.0.1'),
    REDIRECTED.replace('[ASSURED] mark=1459618064', 'mark=1459618064 [ASSURED]'),
    REDIRECTED.replace(' mark=1459618064', '').replace('tcp      6', 'tcp      6 mark=1459618064'),
  ];
  for (const line of odd) assert.deepEqual(parseConntrackFlows(line), [usual], line);
});
