/** Errors and the catalogue. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERROR_CATALOGUE, isErrorCode } from '../../src/errors/catalogue.ts';
import { EXIT_CODES } from '../../src/errors/exit-codes.ts';
import { WeirError } from '../../src/errors/weir-error.ts';

const parts = { what: 'the thing broke', why: 'it was old', hint: 'take a new one' };

test('an error takes exit code and kind from the catalogue and names the command that explains it', () => {
  const error = new WeirError('WEIR2001', parts);
  assert.equal(error.exit, 3);
  assert.equal(error.kind, 'host');
  assert.equal(error.docs, 'weir help WEIR2001');
  assert.equal(error.message, 'the thing broke');
});

test('the exit code of one error can differ from the catalogue', () => {
  assert.equal(new WeirError('WEIR2003', { ...parts, exit: 4 }).exit, 4);
});

test('an error in a file starts its message with file, line and column', () => {
  const location = { file: 'mesh.yaml', line: 3, column: 7 };
  const error = new WeirError('WEIR1002', { ...parts, location });
  assert.equal(error.message, 'mesh.yaml:3:7: the thing broke');
  assert.equal(error.what, error.message);
  assert.deepEqual(error.location, location);
});

test('an error keeps its cause and its details', () => {
  const cause = new Error('first');
  const error = new WeirError('WEIR2003', { ...parts, cause, details: { outcome: 'aborted' } });
  assert.equal(error.cause, cause);
  assert.deepEqual(error.details, { outcome: 'aborted' });
});

test('a blank what, why or hint is refused', () => {
  for (const part of ['what', 'why', 'hint']) {
    assert.throws(() => new WeirError('WEIR1001', { ...parts, [part]: ' ' }), new RegExp(`${part} is empty`));
  }
});

test('the catalogue is sorted, complete and uses known exit codes', () => {
  const codes = Object.keys(ERROR_CATALOGUE);
  assert.deepEqual(codes, codes.toSorted());
  for (const [code, entry] of Object.entries(ERROR_CATALOGUE)) {
    assert.match(code, /^WEIR\d{4}$/);
    assert.ok(entry.title.length > 0 && entry.explain.length > 40, code);
    assert.ok(entry.exit in EXIT_CODES, code);
    assert.notEqual(entry.exit, 0, code);
  }
});

test('only codes of the catalogue are error codes', () => {
  assert.equal(isErrorCode('WEIR1001'), true);
  assert.equal(isErrorCode('WEIR0000'), false);
  assert.equal(isErrorCode('toString'), false);
});
