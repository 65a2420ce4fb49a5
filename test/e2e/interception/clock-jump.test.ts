/** A wall clock that jumps under a running command: nothing that weir waits for may follow it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { LAB_UIDS } from '../lab/lab.ts';
import { assertRoute, type Stage, setStage } from './stage.ts';

const PRELOAD = pathToFileURL(join(import.meta.dirname, '../lab/programs/jumping-clock.ts')).href;
const HOUR_MS = 3_600_000;

/** What weir is started with, so that its clock jumps once `jump` was called. Only weir's: the kernel's stays as it is. */
function jumpingClock({ lab }: Stage, byMs: number) {
  const file = join(lab.folder, `jump${byMs}`);
  const env = { NODE_OPTIONS: `--import=${PRELOAD}`, NODE_NO_WARNINGS: '1', JUMP_FILE: file, JUMP_MS: String(byMs) };
  return { env, jump: () => writeFileSync(file, '') };
}

for (const [way, byMs] of [
  ['forward', HOUR_MS],
  ['back', -HOUR_MS],
] as const) {
  test(`the clock jumps ${way} during a drain: connections are drained, and none is cut before its time`, async (t) => {
    const stage = await setStage('jump', { test: t });
    const { weir } = stage;
    assert.equal((await weir.json(['on', 'payment', '--backend', 'nft'])).code, 0);
    const streams = await stage.streams(LAB_UIDS.app, 2);
    const one = await stage.streams(LAB_UIDS.app, 1);
    const { env, jump } = jumpingClock(stage, byMs);
    const off = weir.start(['off', 'payment', '--drain', '60s'], env);
    await off.line(/3 connections left/);
    jump();
    await one.stop();
    // Told by a look after the jump.
    const [, seconds] = await off.line(/2 connections left, the rest is cut in (\d+) s/);
    assert.ok(Number(seconds) <= 60, seconds);
    for (const stream of await streams.report()) assert.deepEqual([stream.ending, stream.route], [null, 'proxy']);
    await streams.stop();
    await off.line(/3 drained, 0 cut/);
    assert.equal((await off.ended).code, 0, off.output());
  });

  test(`the clock has jumped ${way} since on --confirm: status says what the kernel does, and confirm keeps it`, async (t) => {
    const stage = await setStage('jump', { test: t });
    const { weir } = stage;
    const { env, jump } = jumpingClock(stage, byMs);
    assert.equal((await weir.json(['on', 'payment', '--backend', 'nft', '--confirm', '600s'])).code, 0);
    jump();
    const status = await weir.run(['status', 'payment', '--json'], env);
    const [app] = JSON.parse(status.stdout).result.apps;
    assert.deepEqual([app.state, app.families], ['unconfirmed', { ipv4: true, ipv6: true }], status.stdout);
    assert.ok(app.confirm.remainingMs > 0 && app.confirm.remainingMs <= 600_000, status.stdout);
    await assertRoute(stage, LAB_UIDS.app, 'proxy');
    const confirmed = await weir.run(['confirm', '--json'], env);
    assert.deepEqual(JSON.parse(confirmed.stdout).result.confirmed, ['payment'], confirmed.stdout);
    const [kept] = JSON.parse((await weir.run(['status', 'payment', '--json'], env)).stdout).result.apps;
    assert.deepEqual([kept.state, kept.confirm], ['on', null]);
  });
}
