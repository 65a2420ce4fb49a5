/** Memory that is left for a new process. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { memoryHeadroom } from '../../../src/sidecar/adapters/memory-headroom.ts';

const MIB = 1024 * 1024;
const MOUNTS_V2 = '30 20 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate';
const MOUNTS_V1 = '31 20 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory';

function host(files: Readonly<Record<string, string | number>>) {
  return async (path: string) => (path in files ? String(files[path]) : null);
}

const FREE = { '/proc/meminfo': `MemTotal: 1 kB\nMemAvailable: ${1024 * 1024} kB\n` };

describe('the memory that a new process may take', () => {
  it('is unknown where nothing tells', async () => {
    assert.equal(await memoryHeadroom(host({})), null);
  });

  it('is what the machine has where no limit is set', async () => {
    assert.equal(await memoryHeadroom(host(FREE)), 1024 * MIB);
    const unlimited = { '/proc/self/cgroup': '0::/a', '/sys/fs/cgroup/a/memory.max': 'max' };
    assert.equal(await memoryHeadroom(host({ ...FREE, '/proc/self/mountinfo': MOUNTS_V2, ...unlimited })), 1024 * MIB);
  });

  it('counts page cache that is not in use as free', async () => {
    const files = {
      '/proc/self/mountinfo': MOUNTS_V2,
      '/proc/self/cgroup': '0::/system.slice/weir.service',
      '/sys/fs/cgroup/system.slice/weir.service/memory.max': 512 * MIB,
      '/sys/fs/cgroup/system.slice/weir.service/memory.current': 480 * MIB,
      '/sys/fs/cgroup/system.slice/weir.service/memory.stat': `anon 1\ninactive_file ${420 * MIB}\n`,
    };
    assert.equal(await memoryHeadroom(host({ ...FREE, ...files })), 452 * MIB);
  });

  it('follows limits of either version up to the root', async () => {
    const v2 = {
      '/proc/self/mountinfo': MOUNTS_V2,
      '/proc/self/cgroup': '0::/tight/loose',
      '/sys/fs/cgroup/tight/memory.max': 100 * MIB,
      '/sys/fs/cgroup/tight/memory.current': 70 * MIB,
      '/sys/fs/cgroup/tight/loose/memory.max': 'max',
    };
    assert.equal(await memoryHeadroom(host({ ...FREE, ...v2 })), 30 * MIB);
    const v1 = {
      '/proc/self/mountinfo': `${MOUNTS_V2.replace('/sys/fs/cgroup', '/sys/fs/cgroup/unified')}\n${MOUNTS_V1}`,
      '/proc/self/cgroup': '8:memory:/tight/loose\n0::/elsewhere',
      '/sys/fs/cgroup/memory/tight/memory.limit_in_bytes': 90 * MIB,
      '/sys/fs/cgroup/memory/tight/memory.usage_in_bytes': 80 * MIB,
      '/sys/fs/cgroup/memory/tight/memory.stat': `total_inactive_file ${2 * MIB}\n`,
    };
    assert.equal(await memoryHeadroom(host({ ...FREE, ...v1 })), 12 * MIB);
  });

  it('finds its own part where a container sees only that', async () => {
    const files = {
      '/proc/self/mountinfo': MOUNTS_V1.replace('0:27 / ', '0:27 /docker/abc '),
      '/proc/self/cgroup': '8:memory:/docker/abc/inner',
      '/sys/fs/cgroup/memory/inner/memory.limit_in_bytes': 50 * MIB,
      '/sys/fs/cgroup/memory/inner/memory.usage_in_bytes': 20 * MIB,
    };
    assert.equal(await memoryHeadroom(host({ ...FREE, ...files })), 30 * MIB);
  });
});
