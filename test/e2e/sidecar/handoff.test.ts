/** A supervisor that becomes another weir while its Envoys go on, under load. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WEIR_BIN } from '../../run-weir.ts';
import { GroupLab } from './group-lab.ts';
import { OpenLoopClient } from './open-loop.ts';
import { otherWeir } from './other-weir.ts';
import { NEW_ENVOY } from './sidecar-lab.ts';

/** Processes that a process has started and not waited for. */
async function zombiesOf(pid: number | undefined): Promise<number> {
  let count = 0;
  for (const name of await readdir('/proc')) {
    const stat = /^\d+$/.test(name) ? await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '') : '';
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' && parent === String(pid)) count += 1;
  }
  return count;
}

function loadOn(lab: GroupLab): OpenLoopClient {
  const [first] = lab.sidecars;
  assert.ok(first);
  return new OpenLoopClient({ port: first.port, rate: 50, connections: 10, lengthsMs: [5, 5, 600] });
}

describe('weir sidecar handoff', () => {
  it('replaces the supervisor of one sidecar by another version at another path, and loses no request', async (t) => {
    const lab = await GroupLab.open(1);
    try {
      const other = await otherWeir(lab.folder, '0.2.0');
      const { process: child } = lab.run(['s1']);
      await lab.untilState('live');
      const before = await lab.status();
      const client = loadOn(lab);
      const { code, json } = await lab.weirOf(other, 'sidecar', 'handoff', 's1');
      assert.equal(code, 0, JSON.stringify(json));
      const [done] = json.result.supervisors;
      t.diagnostic(JSON.stringify(done));
      assert.deepEqual(
        [done.outcome, done.pid, done.sidecars, done.to.version, done.to.entry, done.from.entry],
        ['replaced', child.pid, ['s1'], '0.2.0', other, WEIR_BIN],
      );
      assert.deepEqual(json.warnings, []);
      const after = await lab.status();
      assert.deepEqual([after.s1.pid, after.s1.state, after.s1.supervisorPid], [before.s1.pid, 'live', child.pid]);
      const again = await lab.weirOf(other, 'sidecar', 'handoff', 's1');
      assert.equal(again.json.result.supervisors[0].outcome, 'unchanged');
      const upgraded = await lab.weir('sidecar', 'upgrade', 's1', '--binary', NEW_ENVOY);
      assert.equal(upgraded.json.result?.outcome, 'settled', JSON.stringify(upgraded.json));
      const load = await client.finish(lab.upstream);
      t.diagnostic(JSON.stringify(load));
      assert.deepEqual([load.lost, load.duplicated], [0, 0]);
      // One that has just ended is waited for in a moment; one that nobody waits for stays.
      await lab.until('all children to be waited for', async () => (await zombiesOf(child.pid)) === 0);
      const environment = await readFile(`/proc/${(await lab.envoys('s1'))[0]}/environ`, 'utf8');
      assert.doesNotMatch(environment, /WEIR_HANDOFF/);
      child.kill('SIGTERM');
      assert.deepEqual(await once(child, 'exit'), [0, null]);
    } finally {
      await lab.close();
    }
  });

  it('replaces the one process of several sidecars, one of which cannot be started', async () => {
    const lab = await GroupLab.open(3);
    try {
      const other = await otherWeir(lab.folder, '0.2.0');
      await writeFile(join(lab.folder, 's3.json'), '{"no_such_field": 1}');
      const { process: child } = lab.run();
      await lab.untilState('live', ['s1', 's2']);
      const before = await lab.status();
      const client = loadOn(lab);
      // The third one is tried again now and then, and busy in that moment.
      let { code, json } = await lab.weirOf(other, 'sidecar', 'handoff');
      for (let tries = 0; json.error?.code === 'WEIR4005' && tries < 10; tries += 1) {
        await sleep(500);
        ({ code, json } = await lab.weirOf(other, 'sidecar', 'handoff'));
      }
      assert.equal(code, 0, JSON.stringify(json));
      assert.deepEqual(
        json.result.supervisors.map(({ outcome, pid }: { outcome: string; pid: number }) => [outcome, pid]),
        [['replaced', child.pid]],
      );
      const load = await client.finish(lab.upstream);
      assert.deepEqual([load.lost, load.duplicated], [0, 0]);
      const after = await lab.status();
      for (const name of ['s1', 's2'])
        assert.deepEqual([after[name].pid, after[name].state], [before[name].pid, 'live']);
      const [, , third] = lab.sidecars;
      assert.ok(third);
      await lab.writeBootstrap(third);
      child.kill('SIGHUP');
      await lab.untilState('live');
    } finally {
      await lab.close();
    }
  });

  it('is refused with the reason while the other weir cannot start, while the sidecar is busy, and without a supervisor', async () => {
    const lab = await GroupLab.open(1);
    try {
      const nobody = await lab.weir('sidecar', 'handoff', 's1');
      assert.deepEqual([nobody.code, nobody.json.error.code], [3, 'WEIR4002']);
      const { process: child } = lab.run(['s1']);
      await lab.untilState('live');
      const broken = await otherWeir(lab.folder, '0.3.0', { program: "throw new Error('half a package');" });
      const refused = await lab.weirOf(broken, 'sidecar', 'handoff', 's1');
      assert.deepEqual([refused.code, refused.json.error.code], [3, 'WEIR4018'], JSON.stringify(refused.json));
      assert.match(refused.json.error.why, /half a package/);
      const client = new OpenLoopClient({
        port: lab.sidecars[0]?.port ?? 0,
        rate: 1,
        connections: 4,
        // The drain has to outlast the start of a command, also on a busy machine.
        lengthsMs: [12_000],
      });
      await lab.until('a request', async () => Number((await lab.told('s1'))?.connections.active) > 0);
      client.stop();
      const upgrade = lab.weir('sidecar', 'upgrade', 's1', '--binary', NEW_ENVOY, '--drain', '30s');
      await lab.until('the drain', async () => (await lab.told('s1'))?.upgrade?.state === 'DRAINING');
      const busy = await lab.weir('sidecar', 'handoff', 's1', '--force');
      assert.deepEqual([busy.code, busy.json.error.code], [3, 'WEIR4005'], JSON.stringify(busy.json));
      assert.equal((await upgrade).json.result?.outcome, 'settled');
      await client.finish(lab.upstream);
      assert.equal((await lab.status()).s1.supervisorPid, child.pid);
    } finally {
      await lab.close();
    }
  });

  for (const names of [['s1'], ['s1', 's2']]) {
    it(`gives ${names.join(' and ')} back to the former weir when the other one cannot adopt them`, async () => {
      const lab = await GroupLab.open(names.length);
      try {
        // It passes its trial; then its run directory is a place where nobody can write.
        const program = `if (!process.argv[2].includes('"dryRun":true')) {
          process.argv[2] = process.argv[2].replace(/"runDir":"[^"]*"/, '"runDir":"/proc/none"');
        }`;
        const broken = await otherWeir(lab.folder, '0.3.0', { program, thenGoOn: true });
        const supervisor = lab.run(names);
        await lab.untilState('live');
        const before = await lab.status();
        const client = loadOn(lab);
        const { code, json } = await lab.weirOf(broken, 'sidecar', 'handoff', 's1');
        assert.deepEqual([code, json.error?.code], [4, 'WEIR4019'], `${JSON.stringify(json)}\n${supervisor.log}`);
        await lab.untilState('live');
        const load = await client.finish(lab.upstream);
        assert.deepEqual([load.lost, load.duplicated], [0, 0]);
        const after = await lab.status();
        for (const name of names) {
          const { pid, supervisorPid } = after[name];
          assert.deepEqual([pid, supervisorPid], [before[name].pid, supervisor.process.pid]);
        }
        await lab.until('the word of it', async () => supervisor.log.includes('gave the sidecars back'));
        const now = await lab.weir('sidecar', 'handoff', 's1');
        assert.equal(now.json.result.supervisors[0].outcome, 'unchanged', 'it is this build again');
      } finally {
        await lab.close();
      }
    });
  }
});

describe('weir sidecar run --dry-run', () => {
  it('says what would be started or adopted, and changes nothing', async () => {
    const lab = await GroupLab.open(2);
    try {
      const plansOf = (log: string) =>
        log.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line).result] : []));
      const first = lab.run([], ['--json', '--dry-run']);
      assert.deepEqual(await once(first.process, 'close'), [0, null]);
      assert.deepEqual(
        plansOf(first.log).map(({ sidecar, plan }) => [sidecar, plan]),
        [
          ['s1', 'start'],
          ['s2', 'start'],
        ],
      );
      assert.deepEqual(await readdir(lab.folder).then((names) => names.includes('state')), false);
      lab.run(['s1']);
      await lab.untilState('live', ['s1']);
      const { s1 } = await lab.status();
      const second = lab.run([], ['--json', '--dry-run']);
      await once(second.process, 'close');
      assert.deepEqual(
        plansOf(second.log).map(({ sidecar, plan, pid }) => [sidecar, plan, pid]),
        [
          ['s1', 'adopt', s1.pid],
          ['s2', 'start', null],
        ],
      );
    } finally {
      await lab.close();
    }
  });
});
