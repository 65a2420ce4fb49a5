/** Upgrades to a new version that fails its check or its bake. */
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openToAll } from '../lab/open-to-all.ts';
import type { LabAnswer } from './lab-answer.ts';
import { OpenLoopClient } from './open-loop.ts';
import { NEW_ENVOY, SidecarLab } from './sidecar-lab.ts';

describe('a new version that is no good, one after another on a sidecar that needs no repair between them', () => {
  let lab: SidecarLab;
  let client: OpenLoopClient;
  before(async () => {
    lab = await SidecarLab.open({ drain: '4s' });
    await lab.run();
  });
  beforeEach(async () => {
    await lab.untilAtRest();
    client = new OpenLoopClient({ port: lab.port, rate: 60, connections: 20, lengthsMs: [5, 5, 800] });
    await sleep(500);
  });
  afterEach(() => client?.stop());
  after(async () => await lab?.close());

  /** The former pair serves again, and what the trial has cost is told. */
  async function isBack(t: TestContext, answer: LabAnswer, says: RegExp): Promise<void> {
    const { outcome, states, requests, connections } = answer.json.error?.details ?? {};
    assert.deepEqual([answer.code, outcome], [4, 'rolled-back'], JSON.stringify(answer.json));
    assert.match(answer.json.error.why, says);
    const { state, version } = await lab.status();
    assert.deepEqual([state, version], ['live', '1.39.3']);
    const { lost, duplicated, requests: sent } = await client.finish(lab.upstream);
    const at = (name: string) => states.find((one: { state: string }) => one.state === name)?.atMs;
    const since = at('HANDOVER');
    const back = states.findLast((one: { state: string }) => ['DRAINING', 'ROLLED-BACK'].includes(one.state))?.atMs;
    const cut = { connections: connections.cut, requests: requests.cut };
    t.diagnostic(JSON.stringify({ sent, lost, duplicated, servedForMs: back - since, cut }));
    assert.equal(duplicated, 0);
  }

  /** Two or three requests that the old process has to answer before it has drained. */
  async function begunRequests(ms: number): Promise<OpenLoopClient> {
    const slow = new OpenLoopClient({ port: lab.port, rate: 2, connections: 4, lengthsMs: [ms] });
    await sleep(1200);
    slow.stop();
    return slow;
  }

  /** A bootstrap whose upstream nobody listens on: every answer is 503. */
  const broken = () => lab.writeBootstrap('broken.json', { upstreamPort: lab.sparePort });
  const check = () => `http://127.0.0.1:${lab.port}/check`;
  const rehearsalsLeft = async () =>
    (await readdir(join(lab.runDir, 'main'))).filter((name) => name.startsWith('rehearsal'));

  it('answers 503: its check fails in a rehearsal, and no client has met it', async (t) => {
    const [former] = await lab.envoys();
    const answer = await lab.upgrade('--bootstrap', await broken(), '--check', check());
    const { outcome, states } = answer.json.error?.details ?? {};
    assert.deepEqual([answer.code, outcome], [4, 'aborted'], JSON.stringify(answer.json));
    assert.match(answer.json.error.why, /check of the new process failed: .* answered 503 \(in a rehearsal/);
    const { state, pid } = await lab.status();
    assert.deepEqual([state, pid], ['live', former]);
    const { requests, lost, duplicated, errors } = await client.finish(lab.upstream);
    t.diagnostic(JSON.stringify({ requests, lost, duplicated, abortedAtMs: states.at(-1).atMs }));
    assert.deepEqual({ lost, duplicated }, { lost: 0, duplicated: 0 }, errors.join('\n'));
    assert.deepEqual(await rehearsalsLeft(), []);
  });

  it('answers 503 to a check that cannot be rehearsed: it is left before an SDK is told', async (t) => {
    // What asks the address of the host meets nobody in a rehearsal, with any version.
    const probe = `test "$(readlink /proc/self/ns/net)" = "$(readlink /proc/${process.pid}/ns/net)" && curl -sf http://127.0.0.1:${lab.port}/check`;
    const answer = await lab.upgrade('--bootstrap', await broken(), '--check', `exec:sh -c '${probe}'`);
    await isBack(t, answer, /check of the new process failed: /);
    assert.match(answer.json.warnings.join(), /could not be rehearsed: .*the version that serves fails there as well/);
    assert.ok(!answer.json.error.details.states.some(({ state }: { state: string }) => state === 'NOTIFY'));
  });

  it('answers 503: the bake sees the share of failed answers, and goes back by a hot upgrade', async (t) => {
    const answer = await lab.upgrade('--bootstrap', await broken(), '--bake', '60s');
    await isBack(t, answer, /100 % of \d+ answers of the new process/);
  });

  it('answers 503: it is left while the old one drains, for as long as that may take', async (t) => {
    // The old one has to drain for longer than a busy machine takes to see the answers, also on the way back.
    const slow = await begunRequests(20_000);
    await lab.configure({ drain: '60s' });
    t.after(() => lab.configure());
    const answer = await lab.upgrade('--bootstrap', await broken(), '--bake', '60s', '--drain', '60s');
    const { states } = answer.json.error?.details ?? {};
    assert.ok(!states.some(({ state }: { state: string }) => state === 'BAKING'), JSON.stringify(states));
    await isBack(t, answer, /100 % of \d+ answers of the new process/);
    assert.equal((await slow.finish(lab.upstream)).lost, 0);
  });

  it('crashes some time after its start: the bake leaves it at the first crash', async (t) => {
    const crashing = join(lab.folder, 'crashing');
    const told = join(lab.folder, 'crash');
    const crash = `(while [ -e /proc/$$ ]; do [ ! -e ${told} ] || kill -SEGV $$; sleep 0.1; done) &`;
    const script = `case " $* " in *" --restart-epoch "*) ${crash} ;; esac`;
    await writeFile(crashing, `#!/bin/sh\n${script}\nexec ${openToAll(NEW_ENVOY, lab.folder)} "$@"\n`, { mode: 0o755 });
    const upgrade = lab.upgrade('--binary', crashing, '--bake', '60s');
    await lab.until('the bake', async () => (await lab.told())?.upgrade?.state === 'BAKING');
    await writeFile(told, '');
    await isBack(t, await upgrade, /ended while it was watched: signal 11/);
    const { json } = await lab.weir('sidecar', 'history', 'main');
    assert.match(json.result.crashes[0].detail, /^signal 11/);
  });

  it('is left at once by rollback --now while the old one drains', async (t) => {
    // The old one has to drain for longer than a command takes to start on a busy machine.
    const slow = await begunRequests(15_000);
    const upgrade = lab.upgrade('--bootstrap', await broken(), '--drain', '60s');
    // Not by the journal, which may end with the drain of the test before.
    await lab.until('the drain', async () => (await lab.told())?.upgrade?.state === 'DRAINING');
    const back = await lab.weir('sidecar', 'rollback', 'main', '--now', '--reason', 'ticket 7');
    assert.deepEqual([back.code, back.json.result?.outcome], [0, 'settled'], JSON.stringify(back.json));
    await isBack(t, await upgrade, /rolled back by .*: ticket 7/);
    // They are cut: on the way back what drains has the drain of mesh.yaml.
    await slow.finish(lab.upstream);
  });

  it('but a sound one passes its rehearsal, and the check of the process that took over', async (t) => {
    const sound = await lab.upgrade('--binary', NEW_ENVOY, '--check', check());
    assert.equal(sound.json.result?.outcome, 'settled', JSON.stringify(sound.json));
    assert.doesNotMatch(sound.json.warnings.join('\n'), /check|rehears/);
    const { lost, duplicated, errors } = await client.finish(lab.upstream);
    t.diagnostic(JSON.stringify({ states: sound.json.result.states }));
    assert.deepEqual({ lost, duplicated }, { lost: 0, duplicated: 0 }, errors.join('\n'));
    assert.deepEqual(await rehearsalsLeft(), []);
  });

  it('takes more memory than it may: the bake goes back to the former one by a hot upgrade', async (t) => {
    const big = join(lab.folder, 'big.json');
    const bootstrap = JSON.parse(await readFile(join(lab.folder, 'first.json'), 'utf8'));
    const { clusters } = bootstrap.static_resources;
    for (let index = 0; index < 1500; index++) clusters.push({ ...clusters[0], name: `spare${index}` });
    await writeFile(big, JSON.stringify(bootstrap));
    const small = await lab.upgrade('--binary', NEW_ENVOY, '--force', '--bake', '2s', '--bake-memory', '40MiB');
    assert.equal(small.json.result?.outcome, 'settled', JSON.stringify(small.json));
    const answer = await lab.upgrade('--bootstrap', big, '--bake', '60s', '--bake-memory', '40MiB');
    assert.deepEqual(
      [answer.code, answer.json.error?.details?.outcome],
      [4, 'rolled-back'],
      JSON.stringify(answer.json),
    );
    assert.match(answer.json.error.why, /has taken \d+ MiB of memory, more than 40 MiB/);
    const { requests, lost, errors } = await client.finish(lab.upstream);
    t.diagnostic(JSON.stringify({ requests, lost, states: answer.json.error.details.states }));
    assert.equal(lost, 0, errors.join('\n'));
  });
});
