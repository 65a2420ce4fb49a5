/** Files that flags name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireFile } from '../../../src/sidecar/adapters/absolute-file.ts';

test('a readable file is named from the root', async () => {
  assert.equal(await requireFile('binary', 'package.json'), `${process.cwd()}/package.json`);
  assert.equal(await requireFile('binary', '/proc/self/stat'), '/proc/self/stat');
});

test('one that cannot be read is a mistake of the command line', async () => {
  await assert.rejects(requireFile('binary', 'none/envoy'), {
    code: 'WEIR4003',
    exit: 2,
    what: '--binary names none/envoy, which cannot be read',
    why: /ENOENT/,
  });
});
