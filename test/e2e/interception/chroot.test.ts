/** weir in a chroot: `/` of its process is no mount point. */
import assert from 'node:assert/strict';
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cgroupMount } from '../../../src/platform/cgroups.ts';
import { WEIR_BIN } from '../../run-weir.ts';
import { withOwnMountsShell } from '../lab/own-mounts.ts';
import { setStage } from './stage.ts';

// A plain folder with everything of the root mounted inside, so that only `/` itself is no mount point.
const IN_CHROOT = `
root=$0
mkdir "$root"
for entry in /*; do
  if [ -L "$entry" ]; then cp -P "$entry" "$root/"
  elif [ -d "$entry" ]; then mkdir "$root$entry" && mount --rbind "$entry" "$root$entry"
  fi || exit 125
done
exec chroot "$root" "$@"
`;

test('nft: a slice is switched on and off in a chroot', async (t) => {
  const mount = await cgroupMount();
  assert.ok(mount, 'this test needs cgroup v2');
  const slice = `weir-chroot-${process.pid}.slice`;
  mkdirSync(join(mount, slice));
  t.after(() => rmdirSync(join(mount, slice)));
  const stage = await setStage('chroot', { test: t, apps: { batch: { select: { slice }, sidecar: 'main' } } });
  const { lab, weir } = stage;
  const before = await stage.listing();
  let run = 0;
  const inChroot = async (...args: readonly string[]) => {
    run += 1;
    const directories = ['--config', weir.config, '--run-dir', weir.runDir, '--state-dir', weir.stateDir];
    const command = [process.execPath, WEIR_BIN, ...args, ...directories, '--json'];
    const argv = withOwnMountsShell(IN_CHROOT, join(lab.folder, `root-${run}`), ...command);
    const { exitCode, stdout, stderr } = await lab.client.tool(argv, { timeoutMs: 60_000, reject: false });
    assert.equal(exitCode, 0, stdout + stderr);
    return JSON.parse(stdout).result;
  };
  await inChroot('on', 'batch', '--backend', 'nft');
  const { apps } = await inChroot('status', 'batch');
  assert.deepEqual([apps[0].state, apps[0].drift], ['on', []]);
  await inChroot('off', 'batch');
  await inChroot('uninstall');
  assert.equal(await stage.listing(), before);
});
