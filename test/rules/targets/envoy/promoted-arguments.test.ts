/** The attachments of arguments: the vectors that the Filter's own tests read. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { promotedArguments } from '../../../../src/rules/targets/envoy/promoted-arguments.ts';

const VECTORS = new URL('../../../../sdk/dubbo/src/test/resources/promoted-arguments.tsv', import.meta.url);

it('arguments are promoted as the Filter does it', () => {
  const lines = readFileSync(VECTORS, 'utf8').trimEnd().split('\n');
  assert.ok(lines.length > 20);
  for (const line of lines) {
    const [type = '', value = '', cls, text] = line.split('\t');
    const v = type === 'java.lang.Boolean' ? value === 'true' : value;
    const promoted = promotedArguments(['java.lang.Object'], [type === 'null' ? { t: 'null' } : { t: type, v }]);
    assert.deepEqual([promoted?.get('weir.t0'), promoted?.get('weir.a0') ?? '-'], [cls, text], line);
  }
});

it('calls that are too large get none', () => {
  const text = (length: number) => [{ t: 'java.lang.String', v: 'x'.repeat(length) }];
  assert.equal(promotedArguments([], text(1024))?.size, 4);
  assert.equal(promotedArguments([], text(1025)), null);
  assert.equal(promotedArguments(Array(17).fill('int'), []), null);
});
