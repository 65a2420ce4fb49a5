/** A ZooKeeper that was set back to a backup, and one whose password changed while it is followed. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { networkRegistries } from '../../../src/discovery/adapters/network-registries.ts';
import { readSnapshotFile, writeSnapshotFile } from '../../../src/discovery/adapters/snapshot-file.ts';
import type { RegistryReader } from '../../../src/discovery/ports.ts';
import { marksOf } from '../../../src/discovery/records/snapshot-record.ts';
import type { FolderMarks } from '../../../src/discovery/registry/zookeeper/folder-marks.ts';
import type { RegistryEvent } from '../../../src/discovery/world/registry-event.ts';
import type { RegistryConfig } from '../../../src/mesh/discovery-config.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { FakeZooKeeper } from '../../fakes/fake-zookeeper.ts';
import { until } from '../../until.ts';

const FOLDER = '/services/stock';
const instanceOf = (address: string) => JSON.stringify({ address, port: 20_880, payload: { metadata: {} } });

function put(server: FakeZooKeeper, ...hosts: readonly number[]): void {
  for (const host of hosts) server.set(`${FOLDER}/10.0.0.${host}:20880`, instanceOf(`10.0.0.${host}`));
}

function configOf(server: FakeZooKeeper, authFile?: string): RegistryConfig {
  return {
    ...{ kind: 'zookeeper', name: 'hz', root: '/dubbo', services: '/services' },
    position: { line: 1, column: 1 },
    servers: [{ host: '127.0.0.1', port: server.port }],
    ...(authFile === undefined ? {} : { authFile }),
  };
}

/** Follows stock until the test ends, or `stop`. */
function follow(t: TestContext, reader: RegistryReader, config: RegistryConfig) {
  const end = new AbortController();
  const events: RegistryEvent[] = [];
  const warnings: string[] = [];
  const told = { emit: (event: RegistryEvent) => events.push(event), warn: (why: string) => warnings.push(why) };
  const wanted = { apps: new Set(['stock']), interfaces: new Set<string>() };
  const running = reader.followRegistry(config, wanted, told, end.signal);
  const stop = async () => {
    end.abort();
    await running;
  };
  t.after(stop);
  const listings = () => events.filter((event) => event.kind === 'instances');
  const synced = (count: number) =>
    until(`listing ${count}`, async () => {
      const ends = events.filter((event) => event.kind === 'state' && event.state === 'synced');
      return ends.length >= count;
    });
  return { warnings, listings, synced, stop };
}

/** Waits until the server was asked for the age of the folder behind the listing. */
async function marked(server: FakeZooKeeper): Promise<void> {
  await until('the mark of the folder', async () => server.asked.at(-1) === FOLDER);
}

test('a listing after a backup was restored is told as older, also to who follows anew; one after a cut is not', async (t) => {
  const server = await FakeZooKeeper.open(t);
  put(server, 1);
  const restore = server.backup();
  put(server, 2);
  server.remove(`${FOLDER}/10.0.0.1:20880`);
  const reader = networkRegistries(systemClock);
  const first = follow(t, reader, configOf(server));
  await first.synced(1);
  await marked(server);
  server.cut();
  await first.synced(2);
  await marked(server);
  restore();
  await first.synced(3);
  const isOlder = first.listings().map((event) => event.kind === 'instances' && event.isOlder === true);
  assert.deepEqual(isOlder, [false, false, true]);
  assert.match(first.warnings.join(), /set back, as from a backup: \/services\/stock is older than before/);
  await first.stop();
  const again = follow(t, reader, configOf(server));
  await again.synced(1);
  assert.equal(again.listings()[0]?.kind === 'instances' && again.listings()[0]?.isOlder, true);
});

test('a registry that was set back while no agent ran is known by what the former one wrote down', async (t) => {
  const server = await FakeZooKeeper.open(t);
  put(server, 1);
  const restore = server.backup();
  put(server, 2);
  const marks = new Map<string, FolderMarks>();
  const first = follow(t, networkRegistries(systemClock, marks), configOf(server));
  await first.synced(1);
  await until('the mark of the folder', async () => [...marks.values()].some((known) => known.has(FOLDER)));
  await first.stop();
  restore();
  const folder = mkdtempSync(join(tmpdir(), 'weir-marks-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'snapshot.json');
  const empty = { interfaces: new Map(), offered: new Map(), mappingsSince: null, learned: new Map() };
  await writeSnapshotFile(file, { ...empty, savedAt: 1, apps: new Map(), marks });
  const next = follow(t, networkRegistries(systemClock, marksOf(await readSnapshotFile(file), 2)), configOf(server));
  await next.synced(1);
  const [listed] = next.listings();
  assert.equal(listed?.kind === 'instances' && listed.isOlder, true);
  assert.match(next.warnings.join(), /set back, as from a backup: \/services\/stock is older than before/);
});

test('a password that changed is read at the next connection, and where the server has no right for the former one', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-digest-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const authFile = join(folder, 'auth');
  writeFileSync(authFile, 'weir:one\n');
  const server = await FakeZooKeeper.open(t);
  put(server, 1);
  const followed = follow(t, networkRegistries(systemClock), configOf(server, authFile));
  await followed.synced(1);
  writeFileSync(authFile, 'weir:two\n');
  assert.deepEqual(server.digests, ['weir:one']);
  server.keptFor.set(`${FOLDER}/10.0.0.2:20880`, 'weir:two');
  put(server, 2);
  await until('the new password', async () => server.digests.length === 2);
  writeFileSync(authFile, 'weir:three\n');
  server.cut();
  await followed.synced(2);
  assert.deepEqual(server.digests.slice(0, 3), ['weir:one', 'weir:two', 'weir:three']);
});

test('a file of user and password that is gone for a while costs no listing: the connection is tried again', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-digest-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const authFile = join(folder, 'auth');
  writeFileSync(authFile, 'weir:one\n');
  const server = await FakeZooKeeper.open(t);
  put(server, 1);
  const followed = follow(t, networkRegistries(systemClock), configOf(server, authFile));
  await followed.synced(1);
  rmSync(authFile);
  server.cut();
  await until('a warning about the file', async () => followed.warnings.some((why) => why.includes(authFile)));
  assert.equal(followed.listings().length, 1);
  writeFileSync(authFile, 'weir:one\n');
  await followed.synced(2);
});
