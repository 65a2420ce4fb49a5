/** Upgrades while the control plane does not answer. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ADS_TYPES } from './ads-server.ts';
import { ControlPlaneLab } from './control-plane-lab.ts';
import { OpenLoopClient } from './open-loop.ts';
import { type LabAnswer, NEW_ENVOY } from './sidecar-lab.ts';

describe('a control plane that does not answer', () => {
  let plane: ControlPlaneLab;
  let client: OpenLoopClient | null = null;
  afterEach(async () => {
    client?.stop();
    client = null;
    await plane.close();
  });

  async function serve(sends: 'listeners' | 'endpoints'): Promise<OpenLoopClient> {
    plane = await ControlPlaneLab.open({ sends, drain: '2s', fetchTimeout: '4s' });
    await plane.lab.run();
    // A proxied TCP connection is never told to close, so that each request has one of its own.
    client = new OpenLoopClient({ port: plane.lab.port, rate: 40, connections: 10, lengthsMs: [5], keepAlive: false });
    await sleep(300);
    return client;
  }

  /** The upgrade ends before the hand-over and has cost nothing; the next one needs no repair. */
  async function costsNothing(answer: LabAnswer, load: OpenLoopClient, says: RegExp, repair: () => Promise<void>) {
    assert.equal(answer.code, 4, JSON.stringify(answer.json));
    assert.equal(answer.json.error.details.outcome, 'aborted');
    assert.match(answer.json.error.why, says);
    const { state, version } = await plane.lab.status();
    assert.deepEqual([state, version], ['live', '1.39.3']);
    await repair();
    const next = await plane.lab.upgrade('--binary', NEW_ENVOY);
    assert.equal(next.json.result?.outcome, 'settled', JSON.stringify(next.json));
    const { lost, duplicated, errors } = await load.finish(plane.lab.upstream);
    assert.deepEqual({ lost, duplicated }, { lost: 0, duplicated: 0 }, errors.join('\n'));
  }

  it('killed: an upgrade is aborted before the hand-over', async () => {
    const load = await serve('listeners');
    await plane.ads.kill();
    const answer = await plane.lab.upgrade('--binary', NEW_ENVOY);
    await costsNothing(answer, load, /connected_state is 0.*clusters and listeners/, () => plane.ads.revive());
  });

  it('connected and silent: an upgrade is aborted before the hand-over', async () => {
    const load = await serve('listeners');
    plane.ads.held.add(ADS_TYPES.lds);
    const answer = await plane.lab.upgrade('--binary', NEW_ENVOY);
    await costsNothing(answer, load, /waits for listeners/, async () => plane.ads.held.clear());
  });

  it('endpoints that never come: an upgrade is aborted before the hand-over', async () => {
    const load = await serve('endpoints');
    plane.ads.held.add(ADS_TYPES.eds);
    const answer = await plane.lab.upgrade('--binary', NEW_ENVOY);
    await costsNothing(answer, load, /progress/, async () => plane.ads.held.clear());
  });

  it('slow, but within its time: an upgrade goes through', async () => {
    const load = await serve('listeners');
    plane.ads.delayMs = 1500;
    const answer = await plane.lab.upgrade('--binary', NEW_ENVOY);
    assert.equal(answer.json.result?.outcome, 'settled', JSON.stringify(answer.json));
    const { lost, errors } = await load.finish(plane.lab.upstream);
    assert.equal(lost, 0, errors.join('\n'));
  });

  it('killed after an upgrade, and for good: what serves goes on serving', async () => {
    const load = await serve('listeners');
    const answer = await plane.lab.upgrade('--binary', NEW_ENVOY);
    assert.equal(answer.json.result?.outcome, 'settled', JSON.stringify(answer.json));
    await plane.ads.kill();
    await sleep(1500);
    assert.equal((await plane.lab.status()).state, 'live');
    const { lost, errors } = await load.finish(plane.lab.upstream);
    assert.equal(lost, 0, errors.join('\n'));
  });

  it('killed before a cold start: Envoy is not killed, the sidecar is not live, and serves when its control plane is back', async () => {
    plane = await ControlPlaneLab.open({ sends: 'listeners', drain: '2s', fetchTimeout: '1s' });
    await plane.ads.kill();
    plane.lab.launch();
    await plane.lab.until(
      'Envoy to be live without listeners',
      async () => (await plane.lab.status())?.state === 'failed',
    );
    const before = await plane.lab.envoys();
    assert.equal(before.length, 1);
    await plane.ads.revive();
    await plane.lab.until('the sidecar to be live', async () => (await plane.lab.status()).state === 'live');
    assert.deepEqual(await plane.lab.envoys(), before);
    assert.match(plane.lab.log, /"event":"live"/);
  });

  it('empty: an upgrade to listeners that are not sent is aborted before anything is handed over', async () => {
    const load = await serve('listeners');
    const [before] = await plane.lab.envoys();
    plane.ads.resources.set(ADS_TYPES.lds, []);
    const answer = await plane.lab.upgrade('--binary', NEW_ENVOY);
    assert.deepEqual(await plane.lab.envoys(), [before]);
    await costsNothing(answer, load, /would not listen on .*rehearsal/, async () => plane.refill());
  });

  it('empty after the rehearsal: an upgrade is rolled back, and never called live without listeners', async () => {
    const load = await serve('listeners');
    const upgrade = plane.lab.upgrade('--binary', NEW_ENVOY);
    await plane.lab.untilState('snapshot', 'spawned');
    plane.ads.resources.set(ADS_TYPES.lds, []);
    await plane.lab.untilState('emergency', 'notify', 'draining', 'ending', 'idle');
    plane.refill();
    const answer = await upgrade;
    const { state, version } = await plane.lab.status();
    // The control plane may have answered the new process before it was emptied.
    if (answer.code === 0) assert.deepEqual([state, version], ['live', '1.40.0']);
    else {
      assert.deepEqual(
        [answer.code, answer.json.error.details.outcome],
        [4, 'rolled-back'],
        JSON.stringify(answer.json),
      );
      assert.match(answer.json.error.why, /does not listen on/);
      assert.deepEqual([state, version], ['live', '1.39.3']);
    }
    await load.finish(plane.lab.upstream);
  });
});
