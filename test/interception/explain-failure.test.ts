/** A proof that fails: its cause and the next step, and as short a text for a thousand applications as for one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainFailure, foldDetails } from '../../src/interception/explain-failure.ts';
import { readSavedRules } from '../../src/interception/surroundings/read-saved-rules.ts';
import { listener, meshOf } from '../fakes/fake-host.ts';
import { hostWith, MESH_TEXT, on, UIDS } from './cases.ts';

interface Failure {
  readonly code: string;
  readonly exit: number;
  readonly why: string;
  readonly hint: string;
}

const direct = ({ addresses, port }: { addresses: readonly string[]; port: number }) =>
  ({ kind: 'direct', destination: { address: addresses[0] ?? '', port } }) as const;

test('a connection that went direct is explained by the rule that left it untracked, not by the log of the sidecar', async () => {
  const host = hostWith('nft');
  const text = '*raw\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp --dport 20880 -j NOTRACK\nCOMMIT\n';
  host.surroundings.rules = { seen: readSavedRules(text, 'ip', 'iptables-nft') };
  host.probeOverride = direct;
  await assert.rejects(on(host), (error: Failure) => {
    assert.deepEqual([error.code, error.exit], ['WEIR3007', 4]);
    assert.match(
      error.why,
      /still went direct.*likely because connections of the application are not tracked.*NOTRACK/,
    );
    assert.match(error.hint, /^remove the NOTRACK rule/);
    return true;
  });
  assert.equal(host.script, null, 'the first off.sh goes with its rules');
});

test('without a cause that the host shows, the next step follows from what failed', async () => {
  const host = hostWith('nft');
  host.probeOverride = direct;
  await assert.rejects(on(host), ({ hint }: Failure) => /weir check traffic foreign/.test(hint));
  host.probeOverride = ({ as, addresses, port }) =>
    as.uid === UIDS.envoy
      ? null
      : {
          kind: 'redirected',
          mark: 0x57000110,
          destination: { address: addresses[0] ?? '', port },
          answeredBy: { address: '127.0.0.1', port: 15_001 },
          accepted: false,
          ms: 1,
        };
  await assert.rejects(on(host), ({ hint }: Failure) => /sidecar's listeners and log/.test(hint));
});

test('the same detail of a thousand applications is one line of bounded length', () => {
  const proofs = Array.from({ length: 1000 }, (_, index) => {
    const name = `app${index}`;
    return { name, ipv4: 'ok', ipv6: 'failed', details: [`${name}: IPv6: it was not accepted (::1:15001)`] } as const;
  });
  const { why, details } = explainFailure(proofs, new Map());
  assert.deepEqual(why, ['app0, app1, app2, app3, app4 and 995 more: IPv6: it was not accepted (::1:15001)']);
  assert.equal(details?.length, 1000);
  assert.equal(foldDetails(proofs.slice(0, 1)).join(), 'app0: IPv6: it was not accepted (::1:15001)');
});

test('calls from outside: proven, lost after the switch, and never answered are told apart', async () => {
  for (const { answers, flow, result } of [
    { answers: [true, true], flow: true, result: 'ok' },
    { answers: [true, true], flow: false, result: 'not proven' },
    { answers: [false, false], flow: false, result: 'not proven' },
    { answers: [true, false], flow: false, result: 'rolled back' },
    // A call that was lost on a slow machine is made again.
    { answers: [true, false, true], flow: true, result: 'ok' },
  ]) {
    const host = hostWith('nft');
    host.listeners = [...host.listeners, listener('0.0.0.0', 20_880, 20_001), listener('::', 20_880, 20_001)];
    let round = 0;
    const sources = { ipv4: '203.0.113.242', ipv6: '2001:db8:f00d:beef::2' };
    host.surroundings.neighbour = {
      seen: {
        sources,
        call: async (calls) => {
          round += 1;
          if (round === answers.length && flow)
            host.flows = calls.map(({ address, port }) => ({
              mark: 0x57000120,
              state: 'CLOSE',
              source: { address: address.includes(':') ? sources.ipv6 : sources.ipv4, port: 40_000 },
              originalDestination: { address, port },
              answeredBy: { address, port: 15_006 },
            }));
          return calls.map(({ address }) =>
            answers[round - 1] ? { address: address.includes(':') ? sources.ipv6 : sources.ipv4, port: 40_000 } : null,
          );
        },
        close: async () => {},
      },
    };
    if (result === 'rolled back') {
      const before = host.fake('nft').list();
      await assert.rejects(on(host), ({ code, why, hint }: Failure) => {
        assert.equal(code, 'WEIR3007');
        assert.match(why, /a call from outside to 10\.77\.0\.1 port 20880 was answered before, and is not/);
        return /packet filter/.test(hint);
      });
      assert.equal(host.fake('nft').list(), before);
    } else {
      const { result: switched } = await on(host);
      assert.equal(switched.apps[0]?.inbound?.result, result);
    }
  }
});

test('a sidecar on IPv6 alone is enough for a host that has no IPv4, also where nothing may go direct', async () => {
  const config = meshOf(
    MESH_TEXT.replace('sidecar: main, inbound: {ports: [20880]}', 'sidecar: main, onFailure: deny'),
  );
  const host = hostWith('nft');
  host.listeners = [listener('::1', 15_001)];
  await assert.rejects(on(host, { config }), { code: 'WEIR3002', exit: 3 });
  host.networkFacts = { ...host.networkFacts, hasIpv4: false };
  const { warnings, result } = await on(host, { config });
  assert.deepEqual([warnings, result.apps[0]?.proof.ipv6], [[], 'ok']);
});
