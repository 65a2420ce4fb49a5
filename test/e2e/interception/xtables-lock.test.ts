/** iptables-legacy while another program holds the xtables lock: who holds it is said at once, and the end is told right. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { XTABLES_LOCK_HELD } from '../../fakes/xtables-lock-held.ts';
import { WEIR_BIN } from '../../run-weir.ts';
import { LAB_UIDS } from '../lab/lab.ts';
import { assertRoute, type Stage, setStage } from './stage.ts';

/** Holds a lock file of the stage's own until it is stopped. */
async function holdLock({ lab }: Stage): Promise<{ readonly file: string; release(): Promise<unknown> }> {
  const file = join(lab.folder, 'xtables.lock');
  writeFileSync(file, '');
  const holder = lab.start(lab.client, ['flock', '--no-fork', file, 'sh', '-c', 'echo held; read end; exit 0']);
  await holder.line(/held/);
  return { file, release: () => holder.stop() };
}

/** Starts weir with that lock file, and notes when it says what. */
function startWeir({ lab, weir }: Stage, file: string, args: readonly string[]) {
  const env = {
    WEIR_CONFIG: weir.config,
    WEIR_RUN_DIR: weir.runDir,
    WEIR_STATE_DIR: weir.stateDir,
    XTABLES_LOCKFILE: file,
    PATH: process.env.PATH ?? '',
  };
  return lab.start(lab.client, [process.execPath, WEIR_BIN, ...args], { env });
}

test('off waits for the lock, names its holder at once, and goes direct when the lock is free', async (t) => {
  const stage = await setStage('xtables', { test: t });
  const { lab } = stage;
  assert.equal((await stage.weir.json(['on', 'payment', '--backend', 'iptables-legacy'])).code, 0);
  const lock = await holdLock(stage);
  const off = startWeir(stage, lock.file, ['off', 'payment']);
  await off.line(/waiting for the xtables lock, which \S+ \(process \d+\) holds/);
  // What a lock that stays held makes of the tool; weir's own wait of 25 s is a matter of unit tests.
  const tool = lab.start(lab.client, ['iptables-legacy-restore', '--noflush', '-w', '1'], {
    env: { XTABLES_LOCKFILE: lock.file },
  });
  tool.write('*nat\nCOMMIT');
  assert.equal((await tool.ended).code, XTABLES_LOCK_HELD.exitCode);
  assert.ok(tool.output().includes(XTABLES_LOCK_HELD.stderr.replace('25s', '1s')), tool.output());
  assert.doesNotMatch(off.output(), /go direct/);
  await assertRoute(stage, LAB_UIDS.app, 'proxy');
  await lock.release();
  await off.line(/payment: new connections go direct/);
  const { code } = await off.ended;
  assert.equal(code, 0, off.output());
  await assertRoute(stage, LAB_UIDS.app, 'direct');
});
