/** Several sidecars under one supervisor, with real Envoys. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { GroupLab } from './group-lab.ts';
import { OpenLoopClient } from './open-loop.ts';
import { NEW_ENVOY, OLD_ENVOY } from './sidecar-lab.ts';

describe('one supervisor for all sidecars of mesh.yaml', () => {
  it('starts them, upgrades one by its own command, and on TERM stops all with 0', async () => {
    const lab = await GroupLab.open(2);
    try {
      const { process: child } = lab.run();
      await lab.untilState('live');
      const before = await lab.status();
      assert.deepEqual([before.s1.supervisorPid, before.s2.supervisorPid], [child.pid, child.pid]);
      const upgraded = await lab.weir('sidecar', 'upgrade', 's1', '--binary', NEW_ENVOY);
      assert.equal(upgraded.json.result?.outcome, 'settled', JSON.stringify(upgraded.json));
      const after = await lab.status();
      assert.deepEqual([after.s1.version, after.s2.version, after.s2.pid], ['1.40.0', '1.39.3', before.s2.pid]);
      child.kill('SIGTERM');
      assert.deepEqual(await once(child, 'exit'), [0, null]);
      assert.deepEqual([await lab.envoys('s1'), await lab.envoys('s2')], [[], []]);
    } finally {
      await lab.close();
    }
  });

  it('one that cannot be started is named, leaves the other alone, and comes when its cause is gone', async () => {
    const lab = await GroupLab.open(2);
    try {
      await writeFile(join(lab.folder, 's2.json'), '{"no_such_field": 1}');
      const supervisor = lab.run();
      await lab.untilState('live', ['s1']);
      // Between two tries; during one it is starting.
      await lab.until('the cause in the status', async () => {
        const { s2 } = await lab.status();
        return s2.state === 'failed' && /no_such_field/.test(s2.crash.detail);
      });
      await lab.until('an upgrade to be refused with the cause', async () => {
        const refused = await lab.weir('sidecar', 'upgrade', 's2');
        return refused.code === 3 && refused.json.error.code === 'WEIR4014';
      });
      assert.ok(await lab.answers('s1'));
      const [, second] = lab.sidecars;
      assert.ok(second);
      await lab.writeBootstrap(second);
      supervisor.process.kill('SIGHUP');
      await lab.untilState('live');
      assert.ok(await lab.answers('s2'));
    } finally {
      await lab.close();
    }
  });

  it('ends with the cause when none of them can be started', async () => {
    const lab = await GroupLab.open(2);
    try {
      for (const name of ['s1', 's2']) await writeFile(join(lab.folder, `${name}.json`), '{"no_such_field": 1}');
      const { process: child } = lab.run();
      assert.deepEqual(await once(child, 'exit'), [3, null]);
    } finally {
      await lab.close();
    }
  });

  it('one that another supervisor has is refused by name; the rest is supervised', async () => {
    const lab = await GroupLab.open(2);
    try {
      const single = lab.run(['s1']);
      await lab.untilState('live', ['s1']);
      const all = lab.run();
      await lab.untilState('live');
      const status = await lab.status();
      assert.deepEqual([status.s1.supervisorPid, status.s2.supervisorPid], [single.process.pid, all.process.pid]);
      await lab.until('the refusal', async () => /s1 is left to its supervisor/.test(all.log));
      const third = lab.run();
      // Its exit is told before the last of its words.
      assert.deepEqual(await once(third.process, 'close'), [3, null]);
      assert.match(third.log, /WEIR4001/);
    } finally {
      await lab.close();
    }
  });

  it('follows mesh.yaml on SIGHUP: one more, one less, one changed', async () => {
    const lab = await GroupLab.open(3);
    try {
      await lab.configure({ s3: null });
      const { process: child } = lab.run();
      await lab.untilState('live', ['s1', 's2']);
      await lab.configure({ s1: { binary: NEW_ENVOY }, s2: null, s3: {} });
      child.kill('SIGHUP');
      await lab.until('mesh.yaml to be followed', async () => {
        const [s1, s3] = await Promise.all([lab.told('s1'), lab.told('s3')]);
        const isGone = (await lab.envoys('s2')).length === 0;
        return isGone && s1?.version === '1.40.0' && s1.state === 'live' && s3?.state === 'live';
      });
      await lab.configure({ s2: { binary: OLD_ENVOY } });
      child.kill('SIGHUP');
      await lab.untilState('live');
    } finally {
      await lab.close();
    }
  });

  it('killed, it loses no request, and the next one adopts all', async (t) => {
    const lab = await GroupLab.open(8);
    try {
      const first = lab.run();
      await lab.untilState('live');
      const before = await lab.status();
      const [one] = lab.sidecars;
      assert.ok(one);
      const client = new OpenLoopClient({ port: one.port, rate: 50, connections: 10, lengthsMs: [5, 400] });
      first.process.kill('SIGKILL');
      await once(first.process, 'exit');
      const alone = await lab.status();
      const next = lab.run();
      await lab.until('the next one to have all', async () => {
        const words = await Promise.all(lab.sidecars.map(({ name }) => lab.told(name)));
        return words.every((told) => told !== null && told.supervisorPid === next.process.pid && told.state === 'live');
      });
      const load = await client.finish(lab.upstream);
      t.diagnostic(JSON.stringify(load));
      assert.deepEqual([load.lost, load.duplicated], [0, 0]);
      const after = await lab.status();
      for (const { name } of lab.sidecars) {
        assert.equal(alone[name]?.state, 'unsupervised');
        assert.equal(after[name]?.pid, before[name]?.pid, 'the same Envoy');
      }
    } finally {
      await lab.close();
    }
  });
});
