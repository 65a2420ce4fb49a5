/** The value of `--check`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCheck } from '../../../src/sidecar/cli/read-check.ts';

test('a check is a URL, or a command for the shell', () => {
  assert.deepEqual(readCheck('http://127.0.0.1:8080/health'), { kind: 'http', url: 'http://127.0.0.1:8080/health' });
  assert.deepEqual(readCheck('https://127.0.0.1'), { kind: 'http', url: 'https://127.0.0.1/' });
  assert.deepEqual(readCheck('exec: curl -f x &&\n true '), {
    kind: 'exec',
    argv: ['/bin/sh', '-c', 'curl -f x &&\n true'],
  });
});

test('anything else is refused with what a check looks like', () => {
  for (const input of ['', 'exec:', 'exec:  ', 'http://', 'https://a b', 'ftp://127.0.0.1/', '/bin/true', 'HTTP']) {
    assert.throws(() => readCheck(input), { code: 'WEIR1002', exit: 2, why: /http:\/\/127\.0\.0\.1.*exec:/ }, input);
  }
});
