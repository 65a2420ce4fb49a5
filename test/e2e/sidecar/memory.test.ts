import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { NEW_ENVOY, SidecarLab } from './sidecar-lab.ts';

/** What a supervisor may take, in bytes. */
const LIMIT = 70_000_000;

describe('the memory of a supervisor', () => {
  let lab: SidecarLab;
  beforeEach(async () => {
    lab = await SidecarLab.open({ drain: '2s' });
  });
  afterEach(async () => lab.close());

  const resident = async () => {
    const status = await readFile(`/proc/${lab.supervisor?.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
  };

  it('stays below 70 MB while it idles, and none of its thrift reaches Envoy', async (t) => {
    await lab.run();
    // The garbage of the start is gone after some rounds of asking for readiness, two a second.
    await sleep(20_000);
    const idle = await resident();
    const [envoy] = await lab.envoys();
    const environment = await readFile(`/proc/${envoy}/environ`, 'utf8');
    await lab.upgrade('--binary', NEW_ENVOY);
    await sleep(5000);
    t.diagnostic(
      `resident: idle ${(idle / 1e6).toFixed(1)} MB, after an upgrade ${((await resident()) / 1e6).toFixed(1)} MB`,
    );
    assert.ok(idle < LIMIT, `${idle} bytes`);
    assert.doesNotMatch(environment, /MALLOC_ARENA_MAX|UV_THREADPOOL_SIZE/);
  });
});
