/** A supervisor without CAP_SYS_PTRACE, as in a container with the default capabilities, beside an Envoy of another account. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { OpenLoopClient } from './open-loop.ts';
import { NEW_ENVOY, SidecarLab } from './sidecar-lab.ts';

const WITHOUT = ['setpriv', '--bounding-set', '-sys_ptrace', '--inh-caps', '-sys_ptrace', '--'];

describe('a supervisor that may not look into processes of others', () => {
  let lab: SidecarLab;
  beforeEach(async () => {
    lab = await SidecarLab.open({ drain: '60s', enter: WITHOUT });
    await lab.run();
  });
  afterEach(() => lab.close());

  it('upgrades as with every right: what the old one has is counted, and an empty one is ended at once', async (t) => {
    const client = new OpenLoopClient({ port: lab.port, rate: 40, connections: 8, lengthsMs: [5, 300] });
    let active = 0;
    await lab.until('connections', async () => {
      active = (await lab.status()).connections.active;
      return active > 0;
    });
    const { code, json } = await lab.upgrade('--binary', NEW_ENVOY);
    assert.deepEqual([code, json.result?.outcome], [0, 'settled'], JSON.stringify(json));
    assert.deepEqual(json.result.warnings, []);
    assert.ok(json.result.drainedAtMs !== null, 'it is seen that no connection is left');
    assert.ok(json.result.states.at(-1).atMs < 60_000, 'the drain was not waited out');
    const { requests, lost, duplicated } = await client.finish(lab.upstream);
    t.diagnostic(
      JSON.stringify({ requests, lost, active, report: json.result.connections, states: json.result.states }),
    );
    assert.deepEqual({ lost, duplicated }, { lost: 0, duplicated: 0 });
    assert.doesNotMatch(lab.log, /cannot be (told|looked|followed)/);
  });
});
