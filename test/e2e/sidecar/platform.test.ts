/** A supervisor under systemd. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { sidecarBaseId } from '../../../src/sidecar/envoy/envoy-arguments.ts';
import { PROJECT_ROOT, WEIR_BIN } from '../../run-weir.ts';
import { Container } from './container.ts';
import { NEW_ENVOY, OLD_ENVOY, SidecarLab } from './sidecar-lab.ts';

/** A datagram socket as systemd has one; prints a line for each thing that it is told. Node has no such sockets. */
const RECEIVER = `
use strict; use Socket; $| = 1;
socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die; bind($socket, pack_sockaddr_un($ARGV[0])) or die; print "bound\\n";
while (defined recv $socket, my $text, 4096, 0) { print "$_\\n" for split /\\n/, $text }
`;

/** What upgrades have brought so far, oldest first. */
async function settledVersions(lab: SidecarLab): Promise<string[]> {
  const { entries } = (await lab.weir('sidecar', 'history', 'main')).json.result;
  return entries.flatMap((entry: { outcome: string; to: { version: string } }) =>
    entry.outcome === 'settled' ? [entry.to.version] : [],
  );
}

describe('a supervisor under systemd', () => {
  for (const name of ['weir-sidecar@.service', 'weir-sidecars.service']) {
    it(`has a unit that systemd accepts without a word: ${name}`, async () => {
      const lab = await SidecarLab.open();
      try {
        const unit = join(lab.folder, name);
        const text = await readFile(join(PROJECT_ROOT, 'packaging', name), 'utf8');
        assert.match(text, /^Type=notify$/m);
        // Where the package puts it there is no weir on this machine.
        await writeFile(unit, text.replaceAll('/usr/bin/weir', WEIR_BIN));
        const verified = spawnSync('systemd-analyze', ['--man=no', 'verify', unit], { encoding: 'utf8' });
        const said = `${verified.stdout}${verified.stderr}`.split('\n').filter((line) => line.includes('weir-sidecar'));
        assert.deepEqual([verified.status, said], [0, []], verified.stderr);
      } finally {
        await lab.close();
      }
    });
  }

  it('says that it is ready once Envoy is live, and by what process', async () => {
    const lab = await SidecarLab.open();
    const socket = join(lab.folder, 'notify.sock');
    let heard = '';
    const receiver: ChildProcess = spawn('perl', ['-e', RECEIVER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    receiver.stdout?.on('data', (chunk) => {
      heard += chunk;
    });
    process.env.NOTIFY_SOCKET = socket;
    try {
      await lab.until('the socket of the service manager', async () => heard.includes('bound'));
      await lab.run();
      await lab.until('the notice', async () => heard.includes('READY=1'));
      // Lines come one by one.
      const says = (line: RegExp) => lab.until(String(line), async () => line.test(heard));
      await says(/^STATUS=main is live: Envoy 1\.39\.3, epoch 0, pid \d+$/m);
      // The service manager believes the process that it started, or its children: the number must still be that one.
      await says(new RegExp(`^MAINPID=${lab.supervisor?.pid}$`, 'm'));
    } finally {
      delete process.env.NOTIFY_SOCKET;
      receiver.kill('SIGKILL');
      await lab.close();
    }
  });

  it('upgrades on SIGHUP, as a reload does, and goes on', async () => {
    const lab = await SidecarLab.open({ drain: '2s' });
    try {
      await lab.run();
      await lab.configure({ binary: NEW_ENVOY });
      lab.supervisor?.kill('SIGHUP');
      await lab.until('the other version', async () => {
        const told = await lab.told();
        return told?.state === 'live' && told.version === '1.40.0';
      });
      assert.equal(lab.supervisor?.exitCode, null);
    } finally {
      await lab.close();
    }
  });

  it('takes the newest mesh.yaml of a SIGHUP that came while an upgrade was under way', async () => {
    const lab = await SidecarLab.open({ drain: '3s' });
    try {
      await lab.run();
      await lab.configure({ binary: NEW_ENVOY });
      lab.supervisor?.kill('SIGHUP');
      await lab.until('the upgrade', async () => {
        const told = await lab.told();
        return told?.state === 'upgrading' || told?.version === '1.40.0';
      });
      await lab.configure({ binary: OLD_ENVOY });
      lab.supervisor?.kill('SIGHUP');
      await lab.until('both upgrades', async () => (await settledVersions(lab)).join() === '1.40.0,1.39.3');
      await lab.until('the newest one', async () => {
        const told = await lab.told();
        return told?.state === 'live' && told.version === '1.39.3';
      });
    } finally {
      await lab.close();
    }
  });
});

describe('a supervisor as the main process of a container', () => {
  let lab: SidecarLab;
  let container: Container;
  beforeEach(async () => {
    lab = await SidecarLab.open({ drain: '2s' });
    container = await Container.start(lab, null);
  });
  afterEach(async () => {
    if (container.isRunning) await container.kill();
    for (const variant of [0, 1] as const) {
      const id = sidecarBaseId('main', join(lab.runDir, 'main'), variant);
      await rm(`/dev/shm/envoy_shared_memory_${id * 10}`, { force: true });
    }
    await lab.close();
  });

  it('reaps what it did not start, and on TERM drains, stops Envoy and ends with 0', async () => {
    const settled = await container.waitSettled();
    assert.deepEqual([settled.code, settled.json.result?.role], [0, 'alone'], container.log);
    // A process whose parent is gone belongs to process 1, which alone can reap it.
    const inside = ['-t', String(container.pid), '-p', '-m', '-r', '--', 'sh', '-c', '(sleep 0.2; exit 7) & exit 0'];
    await once(spawn('nsenter', inside, { stdio: 'ignore' }), 'close');
    await lab.until('the orphan to be gone', async () => {
      const processes = await container.processes();
      return !processes.some((line) => /^Z|sleep 0\.2/.test(line));
    });
    container.signal('SIGTERM');
    assert.equal(await container.exit, 0, container.log);
    assert.match(container.log, /"event":"stopped"/);
  });

  it('ends with the exit code of a start that cannot be', async () => {
    await container.waitSettled();
    container.signal('SIGTERM');
    await container.exit;
    await lab.configure({ binary: join(lab.folder, 'missing') });
    await rm(join(lab.folder, 'state'), { recursive: true });
    const broken = await Container.start(lab, null);
    assert.equal(await broken.exit, 3, broken.log);
    assert.match(broken.log, /WEIR4003/);
  });
});
