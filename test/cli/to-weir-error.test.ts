/** System errors as errors of weir. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toWeirError } from '../../src/cli/to-weir-error.ts';

const context = { argv: ['status'], weirVersion: '0' };

test('a file or a resource that the system refuses is the host error WEIR2024, not a bug of weir', () => {
  for (const code of ['EMFILE', 'ENFILE', 'EACCES', 'EIO', 'ENOSPC']) {
    const thrown = Object.assign(new Error(`${code}: refused, open '/proc/1/fd'`), {
      code,
      syscall: 'open',
      path: '/proc/1/fd',
    });
    const error = toWeirError(thrown, context);
    assert.deepEqual([error.code, error.exit], ['WEIR2024', 3]);
    assert.match(error.what, /\/proc\/1\/fd.*\(E/);
    assert.equal(error.cause, thrown);
  }
});

test('a temporary folder that cannot be made is the place that TMPDIR names, whatever is wrong with it', () => {
  for (const code of ['ENOENT', 'ENOTDIR', 'ELOOP']) {
    const error = toWeirError(Object.assign(new Error(code), { code, syscall: 'mkdtemp', path: '/no/x' }), context);
    assert.deepEqual([error.code, error.exit], ['WEIR2024', 3]);
    assert.match(error.hint, /^set TMPDIR /);
  }
});
