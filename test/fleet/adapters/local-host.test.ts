/** This machine as the host daemon sees it, on a host in memory. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { localHost } from '../../../src/fleet/adapters/local-host.ts';
import { followFleet } from '../../../src/interception/follow-fleet.ts';
import { encodeMark } from '../../../src/interception/rules/mark.ts';
import { hostWith, MESH, off, on } from '../../interception/cases.ts';
import { type Conversation, FakeSidecarPorts } from '../../sidecar/usecases/fake-ports.ts';

const WAIT = { report: () => {}, signal: new AbortController().signal };
const declared = async (): Promise<string[]> => [...MESH.apps.keys()];

function machine(
  watched: readonly string[] = [],
  talk: Conversation = null,
  loadMesh: () => Promise<typeof MESH> = async () => MESH,
) {
  const intercept = hostWith('nft');
  const warnings: string[] = [];
  const shares: string[] = [];
  const parts = {
    intercept,
    share: { take: () => void shares.push('take'), giveWay: () => void shares.push('give way') },
    sidecars: new FakeSidecarPorts(talk).ports,
    loadMesh,
    watched,
    warn: (text: string) => warnings.push(text),
  };
  return { intercept, warnings, shares, local: localHost(parts) };
}

test('a remote switch is no override, a local one is, and following ends it', async () => {
  const { intercept, local } = machine();
  const payment = async () => (await local.look()).apps.find(({ name }) => name === 'payment');
  assert.deepEqual([(await payment())?.state, (await payment())?.override], ['off', null], 'never switched');
  await local.on('payment', 'MeshPolicy/payment');
  assert.equal((await payment())?.state, 'on');
  let direct = 0;
  await local.off('payment', 'MeshPolicy/payment: trial', () => {
    direct += 1;
  });
  assert.deepEqual(
    [direct, (await payment())?.reason, (await payment())?.override],
    [1, 'MeshPolicy/payment: trial', null],
  );
  await off(intercept, { reason: 'local trouble' });
  assert.equal((await payment())?.override?.reason, 'local trouble', 'also when it was off already');
  assert.deepEqual(await followFleet(intercept, ['report'], declared, WAIT), []);
  await assert.rejects(followFleet(intercept, ['payment', 'paymnt'], declared, WAIT), {
    code: 'WEIR1010',
    hint: /did you mean payment/,
  });
  assert.notEqual((await payment())?.override, null, 'a mistyped name ends none');
  assert.deepEqual(await followFleet(intercept, 'all', declared, WAIT), ['payment']);
  assert.deepEqual([(await payment())?.state, (await payment())?.override], ['off', null]);
  await on(intercept);
  await off(intercept);
  assert.notEqual((await payment())?.override, null);
  await on(intercept);
  assert.equal((await payment())?.override, null, 'a local on ends it');
});

test('an off of a name that nobody knows says why mesh.yaml could not say more', async () => {
  const { local, warnings } = machine([], null, async () => {
    throw new Error('EMFILE: too many open files');
  });
  await assert.rejects(
    local.off('nobody', 'MeshPolicy/nobody', () => {}),
    /nobody/,
  );
  assert.deepEqual(warnings, ['going on without mesh.yaml: EMFILE: too many open files']);
});

test('an off has its whole share of the processor until it is direct, its tidying and the next look give way', async () => {
  const { intercept, local, shares } = machine();
  await on(intercept);
  await local.look();
  shares.length = 0;
  await local.off('payment', 'MeshPolicy/payment', () => shares.push('direct'));
  assert.deepEqual(shares, ['take', 'give way', 'direct']);
  const firewall = intercept.fake('nft');
  const read = firewall.read.bind(firewall);
  firewall.read = async () => {
    shares.push('look');
    return read();
  };
  await local.look();
  assert.equal(shares.filter((one) => one !== 'look').join(), 'take,give way,direct,take');
  assert.equal(shares.at(3), 'look', 'the share comes back after the look');
});

test('an application that is switched off here while it is looked at is never off without its override', async (t) => {
  for (let reads = 0; reads < 6; reads += 1) {
    const { intercept, local } = machine();
    await on(intercept);
    const firewall = intercept.fake('nft');
    const read = firewall.read.bind(firewall);
    let left = reads;
    t.mock.method(firewall, 'read', async () => {
      if (left-- === 0) await off(intercept, { reason: 'local trouble' });
      return read();
    });
    const app = (await local.look()).apps.find(({ name }) => name === 'payment');
    assert.ok(app?.state === 'on' || app?.override?.reason === 'local trouble', `after ${reads} reads: ${app?.state}`);
  }
});

test('an off of the fleet asks nobody before its switch, and complains of no count that nobody wanted', async (t) => {
  const { intercept, local, warnings } = machine();
  await on(intercept);
  const steps: string[] = [];
  const { connections } = intercept;
  const [source, originalDestination] = [40_000, 80].map((port) => ({ address: '10.0.0.1', port }));
  assert.ok(source !== undefined && originalDestination !== undefined);
  const mark = encodeMark({ slot: 1, direction: 'outbound' });
  const ended = { mark, state: 'TIME_WAIT', source, originalDestination, answeredBy: originalDestination };
  t.mock.method(connections, 'tracked', async () => {
    steps.push('list connections');
    return [ended];
  });
  const firewall = intercept.fake('nft');
  for (const step of ['read', 'commit'] as const) {
    const real = firewall[step].bind(firewall) as (...args: unknown[]) => unknown;
    t.mock.method(firewall, step, (...args: unknown[]) => {
      steps.push(step);
      return real(...args);
    });
  }
  await local.off('payment', 'MeshPolicy/payment', () => steps.push('direct'));
  assert.deepEqual(steps.slice(0, 3), ['commit', 'read', 'direct']);
  assert.deepEqual(warnings, []);
});

test('the tool of the next switch is started by a look, where an application is on', async (t) => {
  const { intercept, local } = machine();
  const standBy = t.mock.method(intercept.fake('nft'), 'standBy');
  await local.look();
  assert.equal(standBy.mock.callCount(), 0);
  await on(intercept);
  await local.look();
  assert.equal(standBy.mock.callCount(), 1);
});

test('the panic file is an override', async () => {
  const { intercept, local } = machine();
  await on(intercept);
  intercept.markers.set('payment', 'now');
  const app = (await local.look()).apps.find(({ name }) => name === 'payment');
  assert.deepEqual(
    [app?.override?.reason, await followFleet(intercept, ['payment'], declared, WAIT)],
    ['off.sh', ['payment']],
  );
});

test('a binary that is not the one of the release is refused before anything is asked', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-local-host-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const binary = join(folder, 'envoy');
  writeFileSync(binary, 'envoy');
  const { local } = machine([folder, join(folder, 'none')]);
  const wanted = { binary, bootstrap: null };
  await assert.rejects(local.upgrade('main', { ...wanted, sha256: 'ab'.repeat(32) }, 'r1'), { code: 'WEIR4003' });
  const sha256 = createHash('sha256').update('envoy').digest('hex');
  await assert.rejects(local.upgrade('main', { ...wanted, sha256 }, 'r1'), { code: 'WEIR4002' });
  await assert.rejects(local.rollBack('main', 'r1'), { code: 'WEIR4002' });
});

test('a release is settled when what runs has its hash, not when a file had it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-local-host-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const binary = join(folder, 'envoy');
  writeFileSync(binary, 'envoy');
  const sha256 = createHash('sha256').update('envoy').digest('hex');
  const upgrade = async (outcome: string, running: string) => {
    const side = { epoch: 1, version: '1', bootstrapSha256: null, binarySha256: running };
    const report = {
      ...{
        id: 'u1',
        at: '2026-01-01T00:00:00.000Z',
        outcome,
        reason: 'because',
        states: [],
        notices: [],
        warnings: [],
      },
      ...{ from: { ...side, epoch: 0 }, to: side, actor: null, note: null, dryRun: false, served: true },
      ...{ connections: { drained: 0, cut: 0 }, requests: { cut: null }, drainedAtMs: null },
    };
    const { local } = machine([], [{ event: 'accepted', id: 'u1' }, { result: report }]);
    return await local.upgrade('main', { binary, bootstrap: null, sha256 }, 'r1');
  };
  assert.equal(await upgrade('settled', sha256), 'settled');
  await assert.rejects(upgrade('settled', 'ab'.repeat(32)), { code: 'WEIR4003' });
});

test('the last upgrade is told with its release; one that a newer weir may have written after it is not known', async () => {
  const sidecars = new FakeSidecarPorts(null);
  const share = { take: () => {}, giveWay: () => {} };
  const parts = { intercept: hostWith('nft'), sidecars: sidecars.ports, loadMesh: async () => MESH, share };
  const local = localHost({ ...parts, watched: [], warn: () => {} });
  const side = { epoch: 1, version: '1', bootstrapSha256: null, binarySha256: null };
  const report = (outcome: 'settled' | 'rolled-back' | 'refused', note: string | null, dryRun: boolean) => ({
    ...{
      id: 'u1',
      at: '2026-01-01T00:00:00.000Z',
      outcome,
      reason: 'because',
      dryRun,
      served: true,
      actor: null,
      note,
      from: side,
      to: side,
    },
    ...{ states: [], connections: { drained: 0, cut: 0 }, requests: { cut: null }, drainedAtMs: null },
    ...{ notices: [], warnings: [] },
  });
  const entry = (outcome: 'settled' | 'rolled-back' | 'refused', note: string | null, dryRun = false) => {
    return { at: '2026-01-01T00:00:00.000Z', kind: 'report' as const, report: report(outcome, note, dryRun) };
  };
  assert.equal(await local.lastUpgrade('main'), null);
  sidecars.journal = [entry('settled', null), entry('rolled-back', 'SidecarRelease/r1')];
  const last = await local.lastUpgrade('main');
  assert.deepEqual([last?.release, last?.outcome, last?.isGood], ['r1', 'rolled-back', false]);
  sidecars.journal = [...sidecars.journal, entry('refused', null, true)];
  assert.deepEqual(await local.lastUpgrade('main'), last, 'a dry run is no upgrade');
  sidecars.journal = [entry('settled', 'undo of SidecarRelease/r1')];
  assert.deepEqual(
    [(await local.lastUpgrade('main'))?.release, (await local.lastUpgrade('main'))?.isGood],
    [null, true],
  );
  sidecars.newer = 1;
  await assert.rejects(local.lastUpgrade('main'), /newer weir/);
});

test('a change in a watched folder is told', { timeout: 20_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-local-watch-'));
  const stop = new AbortController();
  t.after(() => {
    stop.abort();
    rmSync(folder, { recursive: true });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  machine([folder]).local.watch(resolve, stop.signal);
  writeFileSync(join(folder, 'fleet-host.json'), 'own');
  writeFileSync(join(folder, 'state.json'), '{}');
  await promise;
});
