/** Objects of files into stores: created, unchanged, updated, in conflict. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WeirError } from '../../src/errors/weir-error.ts';
import { RegionKeys } from '../../src/fleet/model/keys.ts';
import { StoreFailure } from '../../src/fleet/ports.ts';
import { applyObjects, diffObjects } from '../../src/fleet/usecases/apply-objects.ts';
import type { FleetPorts } from '../../src/fleet/usecases/fleet.ts';
import { readObjectFiles } from '../../src/fleet/usecases/read-files.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { MemoryStore } from '../fakes/memory-store.ts';

const RELEASE = `apiVersion: weir.dev/v1
kind: SidecarRelease
metadata: {name: r1}
spec: {sidecar: main, version: {name: "1", image: x}, waves: [{percent: 100}], timeout: 10m}
`;
const POLICY = `---
apiVersion: weir.dev/v1
kind: MeshPolicy
metadata: {name: payment}
spec: {apps: [payment], rules: [{state: on}]}
`;

function regions(...names: string[]): { ports: FleetPorts; stores: MemoryStore[] } {
  const clock = new FakeClock();
  const stores = names.map(() => new MemoryStore(clock));
  const ports: FleetPorts = {
    regions: names.map((name, index) => ({
      ...{ name, keys: new RegionKeys(name), kind: 'etcd' as const },
      store: (stores[index] ?? new MemoryStore(clock)).port,
    })),
    ...{ file: 'fleet.yaml', by: 'ops', now: () => clock.now(), monotonic: () => clock.monotonic(), writer: 'w' },
    sleep: (ms, signal) => clock.sleep(ms, signal),
  };
  return { ports, stores };
}

const read = (text: string) => readObjectFiles(['f.yaml'], async () => text);
const apply = async (ports: FleetPorts, text: string) =>
  applyObjects(ports, { objects: await read(text), regions: undefined, reason: 'CHG', dryRun: false });

test('an object is created, then unchanged, then updated, in every region, each with its history entry', async () => {
  const { ports, stores } = regions('east', 'west');
  const changes = async (text: string) =>
    (await apply(ports, text)).result.objects.map(({ region, change }) => `${region} ${change}`);
  assert.deepEqual(await changes(RELEASE), ['east created', 'west created']);
  assert.deepEqual(
    await changes(RELEASE),
    ['east unchanged', 'west unchanged'],
    'a stored object reads as it was written',
  );
  assert.deepEqual(await changes(RELEASE.replace('10m', '20m')), ['east updated', 'west updated']);
  const history = await stores[0]?.port.list(['/weir/east/history/']);
  assert.deepEqual(
    history?.items
      .map(({ value }) => JSON.parse(value))
      .map(({ verb, by, why, from }) => [verb, by, why, from === null]),
    [
      ['apply', 'ops', 'CHG', true],
      ['apply', 'ops', 'CHG', false],
    ],
  );
});

test('one conflict writes nothing anywhere, and shows both versions', async () => {
  const { ports, stores } = regions('east', 'west');
  await apply(ports, RELEASE);
  const [east] = stores;
  const version = (await east?.port.list(['/weir/east/sidecarreleases/']))?.items[0]?.revision;
  await apply(ports, RELEASE.replace('10m', '20m'));
  const text = `${RELEASE.replace('{name: r1}', `{name: r1, resourceVersion: "${version}"}`)}${POLICY}`;
  await assert.rejects(apply(ports, text), (error: WeirError) => {
    assert.deepEqual([error.code, error.exit], ['WEIR1605', 3]);
    const { conflicts } = error.details as {
      conflicts: { region: string; resourceVersion: object; theirs: { spec: { timeout: string } } }[];
    };
    assert.equal(conflicts[0]?.theirs.spec.timeout, '20m');
    return true;
  });
  for (const [index, name] of ['east', 'west'].entries())
    assert.equal(stores[index]?.value(`/weir/${name}/meshpolicies/payment`), undefined);
});

test('a change between reading and writing is a conflict too', async () => {
  const { ports, stores } = regions('east');
  const [region] = ports.regions;
  assert.ok(region !== undefined);
  const racing = { ...region.store };
  racing.write = async (guards, changes) => {
    await stores[0]?.port.write([], [{ key: region.keys.object('SidecarRelease', 'r1'), value: '{}' }]);
    return await region.store.write(guards, changes);
  };
  await assert.rejects(apply({ ...ports, regions: [{ ...region, store: racing }] }, RELEASE), { code: 'WEIR1605' });
});

test('a switch of `fleet on|off` is not for files', async () => {
  const { ports } = regions('east');
  await assert.rejects(apply(ports, POLICY.replace('name: payment}', 'name: switch-all}')), {
    code: 'WEIR1601',
    exit: 2,
  });
});

test('diff tells what differs and writes nothing', async () => {
  const { ports, stores } = regions('east');
  await apply(ports, RELEASE);
  const { result, isSame } = await diffObjects(ports, {
    objects: await read(RELEASE.replace('10m', '20m') + POLICY),
    regions: undefined,
  });
  assert.deepEqual([isSame, result.objects.map(({ change }) => change)], [false, ['updated', 'created']]);
  assert.equal(stores[0]?.value('/weir/east/meshpolicies/payment'), undefined);
});

test('a region that does not answer is told; none that does is refused; an unknown fate is its own end', async () => {
  const { ports, stores } = regions('east', 'west');
  const [east, west] = stores;
  assert.ok(east !== undefined && west !== undefined);
  west.failure = new StoreFailure('ECONNREFUSED', 'not-sent');
  const { result, isWhole } = await apply(ports, RELEASE);
  assert.deepEqual([isWhole, result.regions.map(({ reachable }) => reachable)], [false, [true, false]]);
  east.failure = new StoreFailure('ECONNREFUSED', 'not-sent');
  await assert.rejects(apply(ports, RELEASE), { code: 'WEIR1603', exit: 3 });
  east.failure = null;
  const [region] = ports.regions;
  assert.ok(region !== undefined);
  const silent = { ...region.store, write: async () => Promise.reject(new StoreFailure('no answer', 'unknown')) };
  const again = apply({ ...ports, regions: [{ ...region, store: silent }] }, RELEASE.replace('10m', '30m'));
  await assert.rejects(again, { code: 'WEIR1604', exit: 6 });
});

test('a conflict after another region was written does not say that nothing was', async () => {
  const { ports, stores } = regions('east', 'west');
  const [east, west] = ports.regions;
  assert.ok(east !== undefined && west !== undefined);
  const racing = { ...west.store };
  racing.write = async (guards, changes) => {
    await stores[1]?.port.write([], [{ key: west.keys.object('SidecarRelease', 'r1'), value: '{}' }]);
    return await west.store.write(guards, changes);
  };
  const { result, isWhole } = await apply({ ...ports, regions: [east, { ...west, store: racing }] }, RELEASE);
  assert.equal(isWhole, false);
  assert.deepEqual(
    result.objects.map(({ region }) => region),
    ['east'],
  );
  assert.match(result.regions[1]?.error ?? '', /changed by somebody else after others had been written/);
});
