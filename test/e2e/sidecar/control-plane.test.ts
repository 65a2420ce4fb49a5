/** Upgrades while the control plane does not answer. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ADS_TYPES } from './ads-server.ts';
import { ControlPlaneLab, type ControlPlaneOptions } from './control-plane-lab.ts';
import type { LabAnswer } from './lab-answer.ts';
import { OpenLoopClient } from './open-loop.ts';
import { NEW_ENVOY } from './sidecar-lab.ts';

/** A sidecar of a control plane, with a client. */
interface Served {
  readonly plane: ControlPlaneLab;
  readonly client: OpenLoopClient;
}

async function serve(sends: ControlPlaneOptions['sends']): Promise<Served> {
  const plane = await ControlPlaneLab.open({ sends, drain: '2s', fetchTimeout: '4s' });
  try {
    await plane.lab.run();
  } catch (error) {
    await plane.close();
    throw error;
  }
  // A proxied TCP connection is never told to close, so that each request has one of its own.
  const load = { port: plane.lab.port, rate: 40, connections: 10, lengthsMs: [5], keepAlive: false };
  const client = new OpenLoopClient(load);
  await sleep(300);
  return { plane, client };
}

async function close(served: Served | undefined): Promise<void> {
  served?.client.stop();
  await served?.plane.close();
}

/** The upgrade ended before the hand-over and has cost nothing. */
async function costNothing({ plane, client }: Served, answer: LabAnswer, says: RegExp): Promise<void> {
  assert.equal(answer.code, 4, JSON.stringify(answer.json));
  assert.equal(answer.json.error.details.outcome, 'aborted');
  assert.match(answer.json.error.why, says);
  const { state, version } = await plane.lab.status();
  assert.deepEqual([state, version], ['live', '1.39.3']);
  assert.deepEqual(client.errors, []);
}

async function lostNothing({ plane, client }: Served): Promise<void> {
  const { lost, duplicated, errors } = await client.finish(plane.lab.upstream);
  assert.deepEqual({ lost, duplicated }, { lost: 0, duplicated: 0 }, errors.join('\n'));
}

describe('a control plane that does not send listeners, in a row without any repair of the sidecar', () => {
  let served: Served;
  before(async () => {
    served = await serve('listeners');
  });
  after(() => close(served));

  const upgrade = () => served.plane.lab.upgrade('--binary', NEW_ENVOY);

  // Before the one that kills: Envoys that connect anew would be told that they have no listeners.
  it('empty: an upgrade to listeners that are not sent is aborted before anything is handed over', async () => {
    const { plane } = served;
    const before = await plane.lab.envoys();
    plane.ads.resources.set(ADS_TYPES.lds, []);
    const answer = await upgrade();
    assert.deepEqual(await plane.lab.envoys(), before);
    await costNothing(served, answer, /would not listen on .*rehearsal/);
    plane.refill();
  });

  it('connected and silent: an upgrade is aborted before the hand-over', async () => {
    const { ads } = served.plane;
    ads.held.add(ADS_TYPES.lds);
    await costNothing(served, await upgrade(), /waits for listeners/);
    ads.held.clear();
  });

  it('killed: an upgrade is aborted before the hand-over', async () => {
    await served.plane.ads.kill();
    await costNothing(served, await upgrade(), /connected_state is 0.*clusters and listeners/);
    await served.plane.ads.revive();
  });

  it('slow, but within its time: an upgrade goes through', async () => {
    const { ads } = served.plane;
    ads.delayMs = 1500;
    const answer = await upgrade();
    assert.equal(answer.json.result?.outcome, 'settled', JSON.stringify(answer.json));
    ads.delayMs = 0;
  });

  it('killed after an upgrade, and for good: what serves goes on serving', async () => {
    await served.plane.ads.kill();
    await sleep(1500);
    assert.equal((await served.plane.lab.status()).state, 'live');
    await lostNothing(served);
  });
});

describe('a control plane that does not answer', () => {
  let served: Served | undefined;
  let cold: ControlPlaneLab | undefined;
  afterEach(async () => {
    await close(served);
    await cold?.close();
    served = undefined;
    cold = undefined;
  });

  it('endpoints that never come: an upgrade is aborted before the hand-over, and the next one settles', async () => {
    served = await serve('endpoints');
    const { ads, lab } = served.plane;
    ads.held.add(ADS_TYPES.eds);
    await costNothing(served, await lab.upgrade('--binary', NEW_ENVOY), /progress/);
    ads.held.clear();
    const next = await lab.upgrade('--binary', NEW_ENVOY);
    assert.equal(next.json.result?.outcome, 'settled', JSON.stringify(next.json));
    await lostNothing(served);
  });

  it('killed before a cold start: Envoy is not killed, the sidecar is not live, and serves when its control plane is back', async () => {
    cold = await ControlPlaneLab.open({ sends: 'listeners', drain: '2s', fetchTimeout: '1s' });
    const { ads, lab } = cold;
    await ads.kill();
    lab.launch();
    await lab.until('Envoy to be live without listeners', async () => (await lab.told())?.state === 'failed');
    const before = await lab.envoys();
    assert.equal(before.length, 1);
    await ads.revive();
    await lab.until('the sidecar to be live', async () => (await lab.told())?.state === 'live');
    assert.deepEqual(await lab.envoys(), before);
    // It is said a moment after the state is.
    await lab.until('the event', async () => lab.log.includes('"event":"live"'));
  });

  it('empty after the rehearsal: an upgrade is rolled back, and never called live without listeners', async () => {
    served = await serve('listeners');
    const { plane, client } = served;
    const known = (await plane.lab.journal()).length;
    const upgrade = plane.lab.upgrade('--binary', NEW_ENVOY);
    await plane.lab.untilReached(known, 'snapshot', 'spawned');
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
    await client.finish(plane.lab.upstream);
  });
});
