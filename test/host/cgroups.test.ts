import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCgroupMount } from '../../src/host/cgroups.ts';

const line = (root: string, point: string, type: string) =>
  `29 23 0:26 ${root} ${point} rw,nosuid shared:9 - ${type} ${type} rw,nsdelegate`;

test('the v2 hierarchy is found on pure and on hybrid hosts, and is null on v1 hosts', () => {
  assert.equal(findCgroupMount(line('/', '/sys/fs/cgroup', 'cgroup2')), '/sys/fs/cgroup');
  const hybrid = [
    line('/', '/sys/fs/cgroup', 'tmpfs'),
    line('/', '/sys/fs/cgroup/memory', 'cgroup'),
    line('/', '/sys/fs/cgroup/unified', 'cgroup2'),
  ];
  assert.equal(findCgroupMount(hybrid.join('\n')), '/sys/fs/cgroup/unified');
  assert.equal(findCgroupMount(hybrid.slice(0, 2).join('\n')), null);
  assert.equal(findCgroupMount(''), null);
});

test('a mount of the whole hierarchy goes before one of a part, and spaces in its path are read', () => {
  const text = [line('/part', '/mnt/a', 'cgroup2'), line('/', '/mnt/my\\040cgroup', 'cgroup2')].join('\n');
  assert.equal(findCgroupMount(text), '/mnt/my cgroup');
  assert.equal(findCgroupMount(line('/part', '/mnt/a', 'cgroup2')), '/mnt/a');
});
