/** Access logs on /dev/stdout across upgrades. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { WEIR_BIN } from '../../run-weir.ts';
import { OpenLoopClient } from './open-loop.ts';
import { NEW_ENVOY, SidecarLab } from './sidecar-lab.ts';

it('an access log on /dev/stdout is written, by another account too, and comes out of the supervisor', async () => {
  const lab = await SidecarLab.open({ drain: '2s' });
  try {
    const file = join(lab.folder, 'first.json');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replaceAll(join(lab.runDir, 'main', 'access.log'), '/dev/stdout'));
    await lab.run();
    const client = new OpenLoopClient({ port: lab.port, rate: 20, connections: 2, lengthsMs: [5] });
    await lab.until('lines of the log', async () => lab.log.includes('via_upstream'));
    const { json } = await lab.upgrade('--binary', NEW_ENVOY);
    assert.equal(json.result?.outcome, 'settled', JSON.stringify(json));
    assert.match(json.warnings.join(), /cut requests cannot be counted/);
    const before = lab.log.length;
    await lab.until('lines of the new one', async () => lab.log.slice(before).includes('via_upstream'));
    assert.equal((await client.finish(lab.upstream)).lost, 0);
  } finally {
    await lab.close();
  }
});

it('a supervisor whose own log is on a full disk goes on: an Envoy that is killed comes back', async () => {
  const lab = await SidecarLab.open({ drain: '2s' });
  try {
    const toFullDisk = ['-c', 'exec "$@" >/dev/full 2>&1', 'sh'];
    const command = [process.execPath, WEIR_BIN, 'sidecar', 'run', 'main'];
    const child = spawn('sh', [...toFullDisk, ...command], { env: lab.environment(), stdio: 'ignore' });
    lab.supervisor = child;
    const isSupervised = async () => {
      const told = await lab.told();
      return told !== null && told.supervisorPid === child.pid && told.state === 'live';
    };
    await lab.until('the sidecar to be live', isSupervised);
    const [first = 0] = await lab.envoys();
    process.kill(first, 'SIGKILL');
    await lab.until('another Envoy', async () => {
      const [pid] = await lab.envoys();
      return pid !== undefined && pid !== first;
    });
    await lab.until('the sidecar to be live again', isSupervised);
    const client = new OpenLoopClient({ port: lab.port, rate: 20, connections: 2, lengthsMs: [5] });
    await lab.until('an answered request', async () => lab.upstream.seen.size > 0);
    assert.equal((await client.finish(lab.upstream)).lost, 0);
    assert.deepEqual([child.exitCode, child.signalCode], [null, null]);
  } finally {
    await lab.close();
  }
});
