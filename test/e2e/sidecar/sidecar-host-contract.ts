/** The contract of a supervisor's host. The same suite runs on the fake and on the real host with a real Envoy. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Generation } from '../../../src/sidecar/machine/sidecar-state.ts';
import type { LaunchRecord, SidecarHost, SidecarSpec, StoredPair } from '../../../src/sidecar/ports.ts';

/** Bootstraps that a lab can make. `second` and `third` are `first` under another name; `more` has one listener more. */
export type ContractBootstrap = 'first' | 'second' | 'third' | 'more' | 'hangs' | 'exits';

/** A sidecar of its own on a host; `end` leaves nothing behind. */
export interface SidecarContractLab {
  readonly host: SidecarHost;
  readonly spec: SidecarSpec;
  /** The address of the listener that all bootstraps have, and of the one that only `more` has. */
  readonly listener: string;
  readonly moreListener: string;
  /** Writes a bootstrap and stores it with the binary. */
  stage(bootstrap: ContractBootstrap): Promise<StoredPair>;
  /** A client opens a connection that stays open; resolves to how it closes it. */
  connect(): Promise<() => Promise<void>>;
  pass(ms: number): Promise<void>;
  until(what: string, test: () => Promise<boolean>): Promise<void>;
  end(): Promise<void>;
}

const DRAIN_MS = 5_000;

/** Opens a lab before each test of the suite. */
export function sidecarHostContract(name: string, open: () => Promise<SidecarContractLab>): void {
  describe(name, () => {
    let lab: SidecarContractLab;
    beforeEach(async () => {
      lab = await open();
    });
    afterEach(() => lab.end());

    async function start(
      bootstrap: ContractBootstrap,
      place: Omit<Generation, 'pair'>,
      drainMs = DRAIN_MS,
    ): Promise<LaunchRecord> {
      const pair = await lab.stage(bootstrap);
      return lab.host.spawn(lab.spec, pair, { ...place, pair: pair.id }, drainMs);
    }
    const stateOf = async (id: number) => (await lab.host.info(lab.spec, id, 1000))?.state ?? null;
    const untilLive = (id: number) => lab.until(`#${id} to be live`, async () => (await stateOf(id)) === 'LIVE');
    const untilGone = (id: number) => lab.until(`#${id} to end`, async () => !(await lab.host.isAlive(id)));
    // How it ended is told a moment after that it did, on a busy machine later than weir waits for it.
    const untilEndedBy = (id: number, cause: RegExp) =>
      lab.until(`#${id} to have ended by ${cause}`, async () => cause.test(await lab.host.exitDetail(id)));

    test('a process that was started becomes live, listens, is ready, and is found with what it was started by', async () => {
      const launch = await start('first', { id: 1, epoch: 0, variant: 0 });
      await untilLive(1);
      assert.deepEqual(await lab.host.listeners(lab.spec, 1), [lab.listener]);
      assert.deepEqual(await lab.host.ready(lab.spec, 1, true), { state: 'ready' });
      assert.deepEqual(await lab.host.ready(lab.spec, 1, false), { state: 'ready' });
      assert.equal(await lab.host.isAlive(1), true);
      assert.deepEqual(await lab.host.launchOf(1), launch);
      assert.deepEqual(launch.spec, lab.spec);
      assert.equal(launch.drainMs, DRAIN_MS);
      const { found, nextId } = await lab.host.findProcesses(lab.spec);
      assert.deepEqual(found, [{ launch, listening: true, hadSuccessor: false }]);
      assert.equal(nextId, 2);
    });

    test('of a process that never was, nothing is known', async () => {
      assert.equal(await lab.host.launchOf(7), null);
      assert.equal(await lab.host.isAlive(7), false);
      assert.equal(await lab.host.signal(7, 'SIGTERM'), false);
      assert.deepEqual(await lab.host.listeners(lab.spec, 7), []);
      assert.equal(await lab.host.info(lab.spec, 7, 100), null);
      assert.deepEqual(await lab.host.findProcesses(lab.spec), { found: [], nextId: 1 });
    });

    test('the next epoch takes admin and listeners; the old process keeps its connections until they end', async () => {
      await start('first', { id: 1, epoch: 0, variant: 0 });
      await untilLive(1);
      const close = await lab.connect();
      await lab.until('the connection to be seen', async () => (await lab.host.activeConnections(lab.spec, 1)) === 1);
      await start('more', { id: 2, epoch: 1, variant: 0 });
      await untilLive(2);
      await lab.until('the hand-over', async () => (await lab.host.listeners(lab.spec, 1)).length === 0);
      assert.deepEqual(await lab.host.listeners(lab.spec, 2), [lab.listener, lab.moreListener].sort());
      assert.equal(await stateOf(1), null, 'its admin is the other one now');
      assert.equal(await lab.host.isAlive(1), true);
      const { found } = await lab.host.findProcesses(lab.spec);
      assert.deepEqual(
        found.map(({ launch, listening, hadSuccessor }) => [launch.generation.id, listening, hadSuccessor]),
        [
          [1, false, true],
          [2, true, false],
        ],
      );
      const tracker = await lab.host.trackDrain(lab.spec, 1, 2);
      assert.equal(tracker?.atStart, 1);
      assert.deepEqual(await tracker?.sample(), { old: 1, oldAny: 1, new: 0 });
      const active = await Promise.all([1, 2].map((id) => lab.host.activeConnections(lab.spec, id)));
      assert.deepEqual(active, [1, 0], 'each its own');
      await close();
      await lab.until('the old one to be empty', async () => (await tracker?.sample())?.oldAny === 0);
    });

    test('with a sink on its name a process can be ended early, and its child lives on', async () => {
      await start('first', { id: 1, epoch: 0, variant: 0 });
      await untilLive(1);
      await start('second', { id: 2, epoch: 1, variant: 0 });
      await untilLive(2);
      const old = (await lab.host.launchOf(1))?.generation;
      assert.ok(old !== undefined);
      await lab.host.bindSink('parent', old, 60, false);
      await lab.host.signal(1, 'SIGTERM');
      await untilGone(1);
      await untilEndedBy(1, /^exit code 0|^signal 15/);
      await lab.pass(14_000);
      assert.equal(await lab.host.isAlive(2), true);
      assert.deepEqual(await lab.host.listeners(lab.spec, 2), [lab.listener]);
    });

    for (const [how, path] of [
      ['told to drop its listeners', '/drain_listeners'],
      ['told to drop its listeners when its drain time is over', '/drain_listeners?graceful'],
    ] as const) {
      test(`a process ${how} is ready without them and keeps its connections; its successor has them again`, async () => {
        await start('first', { id: 1, epoch: 0, variant: 0 }, 1000);
        await untilLive(1);
        const close = await lab.connect();
        await lab.until('the connection to be seen', async () => (await lab.host.activeConnections(lab.spec, 1)) === 1);
        const missing = async () => (await lab.host.lookAtListeners(lab.spec, 1))?.missing ?? [];
        assert.deepEqual(await missing(), []);
        await lab.host.postAdmin(lab.spec, path);
        await lab.until('the loss to be seen', async () => (await missing()).includes(lab.listener));
        assert.deepEqual(await lab.host.ready(lab.spec, 1, true), { state: 'ready' });
        assert.equal(await lab.host.activeConnections(lab.spec, 1), 1);
        await start('first', { id: 2, epoch: 1, variant: 0 }, 1000);
        await untilLive(2);
        assert.deepEqual(await lab.host.listeners(lab.spec, 2), [lab.listener]);
        await close();
      });
    }

    test("listeners that a process is about to drop are its successor's, and stay", async () => {
      await start('first', { id: 1, epoch: 0, variant: 0 }, 1000);
      await untilLive(1);
      await lab.host.postAdmin(lab.spec, '/drain_listeners?graceful');
      await start('second', { id: 2, epoch: 1, variant: 0 }, 1000);
      await untilLive(2);
      await lab.pass(1500);
      assert.deepEqual(await lab.host.listeners(lab.spec, 2), [lab.listener]);
      assert.deepEqual((await lab.host.lookAtListeners(lab.spec, 2))?.missing, []);
    });

    test('a new one that is killed before it is live leaves the old one serving, and the next start needs the flag cleared', async () => {
      await start('first', { id: 1, epoch: 0, variant: 0 });
      await untilLive(1);
      const { generation } = await start('hangs', { id: 2, epoch: 1, variant: 0 });
      await lab.until('its admin', async () => (await stateOf(2)) !== null);
      assert.notEqual(await stateOf(2), 'LIVE');
      assert.equal((await lab.host.ready(lab.spec, 2, true)).state, 'not-ready');
      assert.deepEqual(await lab.host.ready(lab.spec, 1, true), { state: 'ready' }, 'the answer is of the new one');
      await lab.host.signal(2, 'SIGKILL');
      await untilGone(2);
      await lab.host.bindSink('child', generation, 30, false);
      await untilEndedBy(2, /^signal 9/);
      await lab.pass(1_500);
      assert.deepEqual(await lab.host.listeners(lab.spec, 1), [lab.listener]);
      await lab.host.releaseSinks(0, 1);
      await start('second', { id: 3, epoch: 1, variant: 0 });
      await untilGone(3);
      // The flag is still set.
      await untilEndedBy(3, /^exit code 1/);
      assert.equal(await lab.host.clearFlag(0), true);
      await start('second', { id: 4, epoch: 1, variant: 0 });
      await untilLive(4);
      await lab.until('the hand-over', async () => (await lab.host.listeners(lab.spec, 1)).length === 0);
    });

    test('SIGTERM to a new one that is not live yet ends the old one as well', async () => {
      await start('first', { id: 1, epoch: 0, variant: 0 });
      await untilLive(1);
      await start('hangs', { id: 2, epoch: 1, variant: 0 });
      await lab.until('its admin', async () => (await stateOf(2)) !== null);
      await lab.host.signal(2, 'SIGTERM');
      await untilGone(1);
      await untilGone(2);
    });

    test('a process that refuses its bootstrap ends with its own words', async () => {
      await start('exits', { id: 1, epoch: 0, variant: 0 });
      await untilGone(1);
      await untilEndedBy(1, /^exit code 1, ./);
      assert.deepEqual((await lab.host.findProcesses(lab.spec)).found, []);
    });

    test('a stopped process lives, and is not ready until it goes on', async () => {
      await start('first', { id: 1, epoch: 0, variant: 0 });
      await untilLive(1);
      assert.equal(await lab.host.signal(1, 'SIGSTOP'), true);
      await lab.until('it to be stopped', () => lab.host.isStopped(1));
      assert.equal(await lab.host.isAlive(1), true);
      assert.equal((await lab.host.ready(lab.spec, 1, true)).state, 'frozen');
      assert.equal((await lab.host.ready(lab.spec, 1, false)).state, 'frozen');
      await lab.host.signal(1, 'SIGCONT');
      await lab.until('it to be ready', async () => (await lab.host.ready(lab.spec, 1, true)).state === 'ready');
    });

    test('the end of a process is told soon, by a callback that can be taken back', async () => {
      let calls = 0;
      const forget = lab.host.onMaybeExit(() => {
        calls += 1;
      });
      await start('first', { id: 1, epoch: 0, variant: 0 });
      await untilLive(1);
      await lab.host.signal(1, 'SIGKILL');
      await lab.until('a call', async () => calls > 0 && !(await lab.host.isAlive(1)));
      forget();
      const before = calls;
      await lab.pass(1_200);
      assert.equal(calls, before);
    });

    test('after a clean-up of everything a process can be started as the first of its base-id again', async () => {
      await start('first', { id: 1, epoch: 0, variant: 1 });
      await untilLive(1);
      await lab.host.signal(1, 'SIGKILL');
      await untilGone(1);
      await lab.host.cleanUp(null);
      assert.deepEqual(await lab.host.findProcesses(lab.spec), { found: [], nextId: 1 });
      await start('first', { id: 1, epoch: 0, variant: 1 });
      await untilLive(1);
    });

    test('pairs are stored once, pointed to when they settle, and pruned but for the newest and the named', async () => {
      const { pairs } = lab.host;
      assert.deepEqual(await pairs.pointers(), { current: null, previous: null });
      const first = await lab.stage('first');
      assert.deepEqual(await pairs.read(first.id), first);
      assert.equal((await lab.stage('first')).id, first.id);
      assert.match(first.version ?? '', /^\d+\.\d+\.\d+/);
      await pairs.settle(first.id, null);
      assert.deepEqual(await pairs.pointers(), { current: first.id, previous: null });
      const second = await lab.stage('second');
      await pairs.settle(second.id, first.id);
      assert.deepEqual(await pairs.pointers(), { current: second.id, previous: first.id });
      await lab.pass(20);
      const third = await lab.stage('third');
      await lab.pass(20);
      const more = await lab.stage('more');
      await pairs.prune([second.id, first.id]);
      assert.equal(await pairs.read(third.id), null, 'the oldest that nobody names');
      for (const kept of [first, second, more]) assert.equal((await pairs.read(kept.id))?.id, kept.id);
      await assert.rejects(pairs.stage('/nowhere/envoy', '/nowhere/bootstrap'), { code: 'WEIR4003' });
    });

    test('the journal gives back what was written, in order', async () => {
      const at = '2026-01-01T00:00:00.000Z';
      const bypass = { at, kind: 'bypass', on: true, reason: 'because' } as const;
      const began = { at, kind: 'supervisor', pid: 1, found: [4711] } as const;
      assert.equal(await lab.host.journal.append(bypass), null);
      assert.equal(await lab.host.journal.append(began), null);
      assert.deepEqual(await lab.host.journal.read(), { entries: [bypass, began], newer: 0 });
    });
  });
}
