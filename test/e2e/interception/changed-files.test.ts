/** mesh.yaml and the state file changed while an application is on, and limits of the host: words beside real packets. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { WEIR_BIN } from '../../run-weir.ts';
import { LAB_UIDS } from '../lab/lab.ts';
import { assertRoute, BACKENDS, setStage } from './stage.ts';

for (const backend of BACKENDS) {
  test(`${backend}: an application that was renamed while it is on is one conflict, and its former name ends it (3.6)`, async (t) => {
    const stage = await setStage(`renamed-${backend}`, { test: t });
    const { weir } = stage;
    assert.equal((await weir.json(['on', 'payment', '--backend', backend])).code, 0);
    const { payment, ...others } = stage.mesh.apps as Record<string, unknown>;
    weir.configure({ ...stage.mesh, apps: { ...others, pay: payment } });
    const on = await weir.json(['on', 'pay']);
    assert.equal(on.code, 3, JSON.stringify(on.json));
    assert.match(`${on.json.error?.message} ${on.json.error?.why} ${on.json.error?.hint}`, /`weir off payment\b/);
    await assertRoute(stage, LAB_UIDS.app, 'proxy');
    // Nothing is said to go direct by a name that holds no rules.
    const off = await weir.run(['off', 'pay']);
    assert.doesNotMatch(off.stdout, /direct/);
    await assertRoute(stage, LAB_UIDS.app, 'proxy');
    assert.equal((await weir.json(['off', 'payment', '--existing', 'keep'])).code, 0);
    await assertRoute(stage, LAB_UIDS.app, 'direct');
  });
}

test('an application of which everything is excluded is refused, since nothing would be diverted (3.7)', async (t) => {
  const everything = {
    select: { user: LAB_UIDS.app },
    sidecar: 'main',
    outbound: { exclude: { cidrs: ['0.0.0.0/0', '::/0'] } },
  };
  const stage = await setStage('excluded', { test: t, apps: { payment: everything } });
  const on = await stage.weir.json(['on', 'payment']);
  assert.ok(on.code === 2 || on.code === 3, JSON.stringify(on.json));
  await assertRoute(stage, LAB_UIDS.app, 'direct');
});

test('the state file of a newer weir is named as that and left alone, and off works beside it', async (t) => {
  const stage = await setStage('newer', { test: t });
  const { weir } = stage;
  assert.equal((await weir.json(['on', 'payment'])).code, 0);
  const file = join(weir.stateDir, 'state.json');
  const newer = JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), version: 2 });
  writeFileSync(file, newer);
  const others = await weir.json(['on', 'report']);
  assert.equal(others.code, 3, JSON.stringify(others.json));
  assert.match(others.json.error?.why ?? '', /written by a newer weir/);
  const all = await weir.json(['on', 'report', 'payment']);
  assert.deepEqual([all.code, all.json.error?.code], [3, 'WEIR2025'], JSON.stringify(all.json));
  await assertRoute(stage, LAB_UIDS.other, 'direct');
  await weir.json(['off', 'payment', '--existing', 'keep']);
  await assertRoute(stage, LAB_UIDS.app, 'direct');
  assert.equal(readFileSync(file, 'utf8'), newer);
});

test('a limit of processes is never "nothing was changed" after the switch', async (t) => {
  const group = processGroup();
  if (group === null) return t.skip('no control group of processes can be made here');
  t.after(() => rmdirSync(group));
  const stage = await setStage('few-pids', { test: t });
  const { weir, lab } = stage;
  const variables = [`WEIR_CONFIG=${weir.config}`, `WEIR_RUN_DIR=${weir.runDir}`, `WEIR_STATE_DIR=${weir.stateDir}`];
  // With fewest Node itself cannot start (134); the shell counts as one.
  for (const most of [11, 13, 15, 17]) {
    assert.equal((await weir.json(['on', 'payment', '--backend', 'nft'])).code, 0);
    writeFileSync(join(group, 'pids.max'), String(most));
    const script = 'echo $$ > "$0"/cgroup.procs || exit 1; "$@"; exit $?';
    const off = await lab.client.tool(
      [
        'sh',
        '-c',
        script,
        group,
        'env',
        ...variables,
        process.execPath,
        WEIR_BIN,
        'off',
        'payment',
        '--existing',
        'keep',
      ],
      { timeoutMs: 60_000, reject: false },
    );
    const said = off.stdout + off.stderr;
    assert.notEqual(off.exitCode, 70, said);
    const isDirect = (await stage.routes(LAB_UIDS.app)).direct > 0;
    if (/go direct|kernel took the switch/.test(said)) assert.ok(isDirect, `${most}: ${said}`);
    if (off.exitCode === 3) assert.ok(!isDirect, `${most}: ${said}`);
    assert.equal((await weir.json(['off', 'payment', '--existing', 'keep'])).code, 0);
    await assertRoute(stage, LAB_UIDS.app, 'direct');
  }
});

/** A control group of its own that can limit processes; null where none can be made. */
function processGroup(): string | null {
  for (const root of ['/sys/fs/cgroup/pids', '/sys/fs/cgroup']) {
    const group = join(root, `weir-test-pids-${process.pid}`);
    try {
      mkdirSync(group);
    } catch {
      continue;
    }
    try {
      writeFileSync(join(group, 'pids.max'), 'max');
      return group;
    } catch {
      rmdirSync(group);
    }
  }
  return null;
}
