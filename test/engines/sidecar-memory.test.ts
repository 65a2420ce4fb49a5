/** Memory of idle supervisors. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { GroupLab, residentBytes } from '../e2e/sidecar/group-lab.ts';
import { NEW_ENVOY, SidecarLab } from '../e2e/sidecar/sidecar-lab.ts';

/** The limits of one supervisor, and of one with eight sidecars, in bytes. */
const [LIMIT, LIMIT_OF_EIGHT] = [70_000_000, 90_000_000] as const;

describe('the memory of a supervisor', () => {
  let lab: SidecarLab;
  beforeEach(async () => {
    lab = await SidecarLab.open({ drain: '2s' });
  });
  afterEach(async () => lab.close());

  it('stays below 70 MB while it idles, and none of its thrift reaches Envoy', async (t) => {
    await lab.run();
    // The garbage of the start is gone after some rounds of asking for readiness, two a second.
    await sleep(20_000);
    const idle = await residentBytes(lab.supervisor?.pid);
    const [envoy] = await lab.envoys();
    const environment = await readFile(`/proc/${envoy}/environ`, 'utf8');
    await lab.upgrade('--binary', NEW_ENVOY);
    await sleep(5000);
    const after = await residentBytes(lab.supervisor?.pid);
    t.diagnostic(`resident: idle ${(idle / 1e6).toFixed(1)} MB, after an upgrade ${(after / 1e6).toFixed(1)} MB`);
    assert.ok(idle < LIMIT, `${idle} bytes`);
    assert.doesNotMatch(environment, /MALLOC_ARENA_MAX|UV_THREADPOOL_SIZE/);
  });
});

describe('the memory of a supervisor of several sidecars', () => {
  for (const count of [1, 2, 8]) {
    it(`with ${count}: under one process, and under one each`, async (t) => {
      const lab = await GroupLab.open(count);
      try {
        const rssOf = async (supervisors: readonly { process: { pid?: number | undefined } }[]) => {
          await lab.untilState('live');
          await sleep(20_000);
          const bytes = await Promise.all(supervisors.map(({ process: { pid } }) => residentBytes(pid)));
          return bytes.reduce((sum, one) => sum + one, 0);
        };
        const group = lab.run();
        const together = await rssOf([group]);
        const ended = once(group.process, 'exit');
        group.process.kill('SIGTERM');
        await ended;
        const apart = await rssOf(lab.sidecars.map(({ name }) => lab.run([name])));
        const text = [together, apart].map((bytes) => `${(bytes / 1e6).toFixed(1)} MB`);
        t.diagnostic(`resident, ${count} sidecars: under one ${text[0]}, under one each ${text[1]}`);
        assert.ok(together < LIMIT_OF_EIGHT, `${together} bytes`);
      } finally {
        await lab.close();
      }
    });
  }
});
