import assert from 'node:assert/strict';
import { chmod, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { OpenLoopClient } from './open-loop.ts';
import { type LabAnswer, NEW_ENVOY, OLD_ENVOY, SidecarLab } from './sidecar-lab.ts';

/** Reports of what each fault led to, printed as the test's diagnostics. */
interface FaultRow {
  readonly outcome: string;
  readonly lost: number;
  readonly duplicated: number;
  readonly next: string;
}

describe('a fault during an upgrade loses nothing, and the next upgrade needs no manual step', () => {
  let lab: SidecarLab;
  let client: OpenLoopClient;
  beforeEach(async () => {
    lab = await SidecarLab.open({ drain: '4s' });
    await lab.run();
    client = new OpenLoopClient({ port: lab.port, rate: 60, connections: 20, lengthsMs: [5, 5, 800] });
    await sleep(300);
  });
  afterEach(async () => lab.close());

  /** Upgrades once more, without any repair, and counts what the clients felt during all of it. */
  async function afterwards(fault: LabAnswer): Promise<FaultRow> {
    const next = await lab.upgrade('--binary', NEW_ENVOY, '--force');
    const load = await client.finish(lab.upstream);
    const outcome = String(fault.json.result?.outcome ?? fault.json.error.details?.outcome ?? fault.json.error.code);
    const row = { outcome, lost: load.lost, duplicated: load.duplicated, next: String(next.json.result?.outcome) };
    assert.deepEqual(
      { ...row, errors: load.errors },
      { ...row, lost: 0, duplicated: 0, next: 'settled', errors: [] },
      `${next.stderr}\n${JSON.stringify(next.json)}\n${lab.log}`,
    );
    assert.equal((await lab.envoys()).length, 1);
    return row;
  }

  async function expect(fault: LabAnswer, code: number, outcome: string, t: { diagnostic(text: string): void }) {
    const row = await afterwards(fault);
    t.diagnostic(JSON.stringify(row));
    assert.equal(fault.code, code, JSON.stringify(fault.json));
    assert.equal(row.outcome, outcome);
  }

  it('a bootstrap that Envoy does not accept is refused', async (t) => {
    const bad = join(lab.folder, 'bad.json');
    await writeFile(
      bad,
      (await readFile(join(lab.folder, 'first.json'), 'utf8')).replace('stat_prefix', 'stat_prefixx'),
    );
    const fault = await lab.upgrade('--binary', NEW_ENVOY, '--bootstrap', bad);
    assert.match(fault.json.error.why, /stat_prefixx/);
    await expect(fault, 3, 'refused', t);
  });

  it('a binary with another hot restart version is refused', async (t) => {
    const other = join(lab.folder, 'other-envoy');
    const script = `#!/bin/sh\n[ "$1" = --hot-restart-version ] && { echo 12.104; exit 0; }\nexec ${NEW_ENVOY} "$@"\n`;
    await writeFile(other, script, { mode: 0o755 });
    const fault = await lab.upgrade('--binary', other);
    assert.match(fault.json.error.why, /12\.104/);
    await expect(fault, 3, 'refused', t);
  });

  it('a new process that crashes while it starts is aborted', async (t) => {
    const crashing = join(lab.folder, 'crashing-envoy');
    const script = `#!/bin/sh\ncase " $* " in *" --restart-epoch "*) (sleep 0.03; kill -9 $$) & ;; esac\nexec ${NEW_ENVOY} "$@"\n`;
    await writeFile(crashing, script, { mode: 0o755 });
    await expect(await lab.upgrade('--binary', crashing), 4, 'aborted', t);
  });

  it('a busy port of a new listener is refused before anything is started', async (t) => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(lab.sparePort, '127.0.0.1', resolve));
    try {
      const more = await lab.writeBootstrap('more.json', { extraPorts: [lab.sparePort] });
      const fault = await lab.upgrade('--binary', NEW_ENVOY, '--bootstrap', more);
      assert.match(fault.json.error.why, new RegExp(String(lab.sparePort)));
      await expect(fault, 3, 'refused', t);
    } finally {
      squatter.close();
    }
  });

  it('a control plane that hangs ends in an abort at the initialization deadline', async (t) => {
    const hanging = await lab.writeBootstrap('hanging.json', { hangSeconds: 600 });
    const fault = await lab.upgrade('--binary', NEW_ENVOY, '--bootstrap', hanging, '--init-timeout', '3s');
    assert.match(fault.json.error.why, /progress/);
    await expect(fault, 4, 'aborted', t);
  });

  it('an operator aborts while the new process initializes; a second upgrade meanwhile is told busy', async (t) => {
    const hanging = await lab.writeBootstrap('hanging.json', { hangSeconds: 600 });
    const upgrade = lab.upgrade('--binary', NEW_ENVOY, '--bootstrap', hanging);
    await lab.untilState('initializing');
    const second = await lab.upgrade('--binary', NEW_ENVOY);
    assert.deepEqual([second.code, second.json.error.code], [3, 'WEIR4005']);
    assert.equal(second.json.error.details.state, 'INITIALIZING');
    const aborted = await lab.weir('sidecar', 'abort', 'main');
    assert.deepEqual([aborted.code, aborted.json.result.aborted], [0, true]);
    await expect(await upgrade, 4, 'aborted', t);
  });

  it('a flag of the shared memory that was left set does not stop an upgrade', async (t) => {
    const [name] = await lab.sharedMemory();
    const file = await open(join('/dev/shm', String(name)), 'r+');
    await file.write(Buffer.of(1), 0, 1, 96);
    await file.close();
    await expect(await lab.upgrade('--binary', NEW_ENVOY), 0, 'settled', t);
  });

  it('shared memory that belongs to somebody else is refused', async (t) => {
    const [name] = await lab.sharedMemory();
    const { chownSync, statSync } = await import('node:fs');
    const path = join('/dev/shm', String(name));
    const { uid, gid } = statSync(path);
    chownSync(path, 12_345, gid);
    const fault = await lab.upgrade('--binary', NEW_ENVOY);
    chownSync(path, uid, gid);
    assert.match(fault.json.error.why, /12345/);
    await expect(fault, 3, 'refused', t);
  });

  it('a change of the number of workers is refused', async (t) => {
    await lab.configure({ concurrency: 2 });
    const fault = await lab.upgrade('--binary', NEW_ENVOY);
    await lab.configure();
    assert.match(fault.json.error.why, /concurrency/);
    await expect(fault, 3, 'refused', t);
  });

  it('an SDK hook that is dead is a warning in the report of a settled upgrade', async (t) => {
    await lab.configure({
      notify: { consumer: { http: `http://127.0.0.1:${lab.sparePort}/drain` }, provider: { exec: ['/bin/false'] } },
    });
    const fault = await lab.upgrade('--binary', NEW_ENVOY);
    assert.deepEqual(
      fault.json.result.notices.map(({ role, adapter, ok }: Record<string, unknown>) => [role, adapter, ok]),
      [
        ['consumer', 'http', false],
        ['provider', 'exec', false],
      ],
    );
    assert.equal(fault.json.warnings.length, 2);
    await expect(fault, 0, 'settled', t);
  });

  it('a new process that is killed after the hand-over is started again on its own epoch', async (t) => {
    const upgrade = lab.upgrade('--binary', NEW_ENVOY);
    await lab.untilState('draining', 'notify');
    const [, fresh] = await lab.envoys();
    process.kill(Number(fresh), 'SIGKILL');
    const fault = await upgrade;
    assert.equal(fault.json.result?.outcome, 'settled', JSON.stringify(fault.json));
    const outage = fault.json.warnings.map((text: string) => /for (\d+) ms/.exec(text)?.[1]).find(Boolean);
    assert.ok(outage !== undefined, JSON.stringify(fault.json.warnings));
    const load = await client.finish(lab.upstream);
    t.diagnostic(
      JSON.stringify({ outcome: 'settled', outageMs: Number(outage), lost: load.lost, duplicated: load.duplicated }),
    );
    assert.equal(load.duplicated, 0);
    const next = await lab.upgrade('--binary', OLD_ENVOY);
    assert.equal(next.json.result?.outcome, 'settled', JSON.stringify(next.json));
  });

  it('an old process that is killed while it drains takes only its own requests with it', async (t) => {
    const upgrade = lab.upgrade('--binary', NEW_ENVOY);
    await lab.untilState('draining', 'notify');
    const [old] = await lab.envoys();
    process.kill(Number(old), 'SIGKILL');
    const fault = await upgrade;
    assert.equal(fault.json.result?.outcome, 'settled', JSON.stringify(fault.json));
    // Envoy alone aborts 13 s after its parent was killed; the sink keeps it.
    await sleep(14_000);
    const failedEarly = client.failed;
    const next = await lab.upgrade('--binary', OLD_ENVOY);
    const load = await client.finish(lab.upstream);
    t.diagnostic(JSON.stringify({ lost: load.lost, duplicated: load.duplicated, next: next.json.result?.outcome }));
    assert.equal(next.json.result?.outcome, 'settled', JSON.stringify(next.json));
    assert.ok(failedEarly <= 20, load.errors.join('\n'));
    assert.equal(load.lost, failedEarly);
  });

  it('an old process that dies owing an answer does not leave the new one waiting for it', async (t) => {
    const upgrade = lab.upgrade('--binary', NEW_ENVOY, '--drain', '30s');
    await lab.untilState('draining', 'notify');
    const [old] = await lab.envoys();
    // Frozen through a stats flush (each 5 s), the old one is asked and cannot answer; then it is gone.
    process.kill(Number(old), 'SIGSTOP');
    await sleep(7000);
    process.kill(Number(old), 'SIGKILL');
    const fault = await upgrade;
    assert.equal(fault.json.result?.outcome, 'settled', JSON.stringify(fault.json));
    const failedEarly = client.failed;
    const next = await lab.upgrade('--binary', OLD_ENVOY);
    const load = await client.finish(lab.upstream);
    t.diagnostic(JSON.stringify({ lost: load.lost, duplicated: load.duplicated, next: next.json.result?.outcome }));
    assert.equal(next.json.result?.outcome, 'settled', JSON.stringify(next.json));
    assert.equal(load.lost, failedEarly, load.errors.join('\n'));
  });

  it('a serving process that is killed comes back by itself', async () => {
    const [pid] = await lab.envoys();
    process.kill(Number(pid), 'SIGKILL');
    await lab.until(
      'another Envoy',
      async () => (await lab.status()).state === 'live' && !(await lab.envoys()).includes(Number(pid)),
    );
    assert.equal((await lab.upgrade('--binary', NEW_ENVOY)).json.result.outcome, 'settled');
    await client.finish(lab.upstream);
  });

  it('a state directory without room is refused', async (t) => {
    // A file where the folder of the new version would be stands in for a full disk: the store fails the same way.
    const versions = join(lab.folder, 'state', 'sidecars', 'main', 'versions');
    const before = await readdir(versions);
    assert.equal(before.length, 1);
    await chmod(versions, 0o755);
    const { spawnSync } = await import('node:child_process');
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', versions]);
    if (mounted.status !== 0) t.diagnostic('no right to mount: the full disk was not tried');
    const fault = await lab.upgrade('--binary', NEW_ENVOY);
    spawnSync('umount', ['-l', versions]);
    assert.equal(fault.json.error.code, 'WEIR4003');
    assert.match(fault.json.error.why, /ENOSPC/);
    await expect(fault, 3, 'WEIR4003', t);
  });
});
