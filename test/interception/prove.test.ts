/** The proof of `weir on`: probes and their verdicts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProbeRequest } from '../../src/interception/ports.ts';
import { encodeMark } from '../../src/interception/rules/mark.ts';
import { meshOf } from '../fakes/fake-host.ts';
import { hostWith, on, UIDS } from './cases.ts';

const SIDECAR = 'main: {user: 1337, outbound: 15001, inbound: 15006, admin: "unix:/run/weir/main/admin.sock"}';
const mesh = (...apps: string[]) =>
  meshOf(`apiVersion: weir.dev/v1\nsidecars:\n  ${SIDECAR}\napps:\n${apps.map((app) => `  ${app}\n`).join('')}`);
const NAMES = Array.from({ length: 50 }, (_, index) => `app${index}`);
const MANY = mesh(...NAMES.map((name, index) => `${name}: {select: {user: ${30_000 + index}}, sidecar: main}`));

/** A host that takes down what is probed, and lets `answer` decide some of it. */
function watchedHost(answer: (request: ProbeRequest) => 'direct' | 'redirected' | null = () => null) {
  const host = hostWith('nft');
  const requests: ProbeRequest[] = [];
  host.probeOverride = (request) => {
    requests.push(request);
    const destination = { address: request.addresses[0] ?? '', port: request.port };
    const kind = answer(request);
    if (kind === 'direct') return { kind, destination };
    if (kind === 'redirected') return { kind, mark: 1, destination, answeredBy: destination, accepted: true, ms: 1 };
    return null;
  };
  return { host, requests };
}

test('an application whose traffic is diverted in a public network alone is proven there', async () => {
  const config = mesh('payment: {select: {user: 20001}, sidecar: main, outbound: {cidrs: [52.1.2.0/24]}}');
  const { host, requests } = watchedHost();
  const { result } = await on(host, { config });
  assert.deepEqual(result.apps[0]?.proof, { ipv4: 'ok', ipv6: 'skipped' });
  assert.match(
    requests.find(({ as, family }) => as.uid === UIDS.payment && family === 4)?.addresses[0] ?? '',
    /^52\.1\.2\./,
  );
});

test('fifty applications take a probe each a family, one as the sidecar, and one question for addresses', async () => {
  const { host, requests } = watchedHost();
  const { result } = await on(host, { config: MANY, apps: NAMES });
  assert.ok(result.apps.every(({ proof }) => proof.ipv4 === 'ok' && proof.ipv6 === 'ok'));
  assert.equal(requests.length, 2 * (NAMES.length + 1));
  assert.equal(requests.filter(({ as }) => as.uid === UIDS.envoy).length, 2);
  assert.equal(host.addressQuestions, 2);
});

test('a sidecar account that is redirected fails every application that its probe stands for', async () => {
  const { host } = watchedHost(({ as, family }) => (as.uid === UIDS.envoy && family === 6 ? 'redirected' : null));
  await assert.rejects(on(host, { config: MANY, apps: NAMES }), (error: Error) => {
    const text = JSON.stringify({ ...error, message: error.message });
    assert.equal((error as Error & { code: string }).code, 'WEIR3007');
    for (const name of NAMES)
      assert.ok(text.includes(`${name}: IPv6: the sidecar's own connection was redirected`), name);
    return true;
  });
});

test('a connection that the sidecar did not accept is told with what the system said of it', async () => {
  const host = hostWith('nft');
  host.probeOverride = ({ as, family, addresses, port }) => {
    if (as.uid !== UIDS.payment || family !== 4) return null;
    const destination = { address: addresses[0] ?? '', port };
    const answeredBy = { address: '127.0.0.1', port: 15_001 };
    const mark = encodeMark({ slot: 1, direction: 'outbound' });
    return { kind: 'redirected', mark, destination, answeredBy, accepted: false, why: 'no answer in time', ms: 2000 };
  };
  await assert.rejects(on(host), {
    why: /was not accepted by the sidecar \(it went to 127\.0\.0\.1:15001: no answer in time\)/,
  });
});

test('a group of the guard is tried without its user', async () => {
  const config = meshOf(
    'apiVersion: weir.dev/v1\nsidecars:\n  main: {user: 1337, group: 1338, outbound: 15001, admin: "unix:/run/weir/a.sock"}\n' +
      'apps:\n  payment: {select: {user: 20001}, sidecar: main}\n',
  );
  const { host, requests } = watchedHost();
  await on(host, { config });
  const asGroup = requests.filter(({ as }) => as.gid === 1338);
  assert.deepEqual(
    asGroup.map(({ as, family }) => [as.uid, family]),
    [
      [65_534, 4],
      [65_534, 6],
    ],
  );
});
