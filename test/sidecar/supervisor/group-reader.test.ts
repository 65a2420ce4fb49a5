/** mesh.yaml for several sidecars. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GroupReader } from '../../../src/sidecar/supervisor/group-reader.ts';
import type { SupervisedSidecar } from '../../../src/sidecar/usecases/supervised-sidecar.ts';
import { FAKE_SPEC } from '../../fakes/fake-sidecar-lab.ts';

const ALL: readonly SupervisedSidecar[] = ['a', 'b', 'c'].map((name) => ({ spec: { ...FAKE_SPEC, name }, apps: [] }));

test('those who ask at the same time share one reading; a later one reads anew', async () => {
  let readings = 0;
  const reader = new GroupReader(
    async () => {
      readings += 1;
      return ALL;
    },
    null,
    'mesh.yaml',
  );
  await Promise.all([reader.read(), reader.readSpec('a'), reader.readSpec('b')]);
  assert.equal(readings, 1);
  await reader.read();
  assert.equal(readings, 2);
});

test('a group of names has only those, and names one that mesh.yaml has no more', async () => {
  const reader = new GroupReader(async () => ALL, ['c', 'a'], 'mesh.yaml');
  assert.deepEqual(
    (await reader.read()).map(({ spec }) => spec.name),
    ['a', 'c'],
  );
  assert.equal((await reader.readSpec('c')).name, 'c');
  await assert.rejects(reader.readSpec('b'), { code: 'WEIR4011', message: /mesh\.yaml has no sidecar "b"/ });
});

test('a reading that fails is passed on, and the next one is tried', async () => {
  let isBroken = true;
  const reader = new GroupReader(
    async () => {
      if (isBroken) throw new Error('mesh.yaml:3:1: no such key');
      return ALL;
    },
    null,
    'mesh.yaml',
  );
  await assert.rejects(reader.read(), /no such key/);
  isBroken = false;
  assert.equal((await reader.read()).length, 3);
});
