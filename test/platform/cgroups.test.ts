/** The cgroup hierarchy of a host. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCgroupMounts } from '../../src/platform/cgroups.ts';

const firstMount = (text: string) => findCgroupMounts(text)[0] ?? null;

const line = (root: string, point: string, type: string) =>
  `29 23 0:26 ${root} ${point} rw,nosuid shared:9 - ${type} ${type} rw,nsdelegate`;

test('the v2 hierarchy is found on pure and on hybrid hosts, and is null on v1 hosts', () => {
  assert.equal(firstMount(line('/', '/sys/fs/cgroup', 'cgroup2')), '/sys/fs/cgroup');
  const hybrid = [
    line('/', '/sys/fs/cgroup', 'tmpfs'),
    line('/', '/sys/fs/cgroup/memory', 'cgroup'),
    line('/', '/sys/fs/cgroup/unified', 'cgroup2'),
  ];
  assert.equal(firstMount(hybrid.join('\n')), '/sys/fs/cgroup/unified');
  assert.equal(firstMount(hybrid.slice(0, 2).join('\n')), null);
  assert.equal(firstMount(''), null);
});

test('a mount of the whole hierarchy goes before one of a part, and spaces in its path are read', () => {
  const text = [line('/part', '/mnt/a', 'cgroup2'), line('/', '/mnt/my\\040cgroup', 'cgroup2')].join('\n');
  assert.equal(firstMount(text), '/mnt/my cgroup');
  assert.equal(firstMount(line('/part', '/mnt/a', 'cgroup2')), '/mnt/a');
});
