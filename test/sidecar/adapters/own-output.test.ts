/** The output of one Envoy among several. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prefixedOutput } from '../../../src/sidecar/adapters/own-output.ts';

/** Everything that came out for these chunks. */
function prefixed(...chunks: readonly string[]): string {
  let text = '';
  const output = prefixedOutput('s1: ', { write: (chunk) => (text += chunk.toString('utf8')) });
  for (const chunk of chunks) output.write(Buffer.from(chunk));
  return text;
}

test('each line has the name in front, however it is cut into chunks', () => {
  const lines = 'one\n\ntwo with ümlaut\nthree\n';
  const bytes = Buffer.from(lines);
  const expected = 's1: one\ns1: \ns1: two with ümlaut\ns1: three\n';
  for (let size = 1; size <= bytes.length; size++) {
    let text = '';
    const output = prefixedOutput('s1: ', { write: (chunk) => (text += chunk.toString('utf8')) });
    for (let at = 0; at < bytes.length; at += size) output.write(bytes.subarray(at, at + size));
    assert.equal(text, expected, `chunks of ${size} bytes`);
  }
});

test('a line without an end waits for it, but not for ever', () => {
  assert.equal(prefixed('begun'), '');
  assert.equal(prefixed('a'.repeat(300_000)), `s1: ${'a'.repeat(300_000)}\n`);
});
