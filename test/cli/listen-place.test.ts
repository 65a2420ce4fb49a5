/** Addresses of control planes in flags. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readListenPlace } from '../../src/cli/listen-place.ts';

test('an address is an IP with a port, or the path of a socket', () => {
  assert.deepEqual(readListenPlace('listen', '10.0.0.5:15010'), { host: '10.0.0.5', port: 15_010 });
  assert.deepEqual(readListenPlace('listen', '0.0.0.0:1'), { host: '0.0.0.0', port: 1 });
  assert.deepEqual(readListenPlace('listen', '[fd00::1]:15010'), { host: 'fd00::1', port: 15_010 });
  assert.deepEqual(readListenPlace('listen', 'unix:/run/weir/d.sock'), { path: '/run/weir/d.sock' });
  for (const wrong of ['', 'host:1', '10.0.0.5', '10.0.0.5:0', '10.0.0.5:70000', '1.2.3:4', 'fd00::1:5', 'unix:d.sock'])
    assert.throws(() => readListenPlace('listen', wrong), { code: 'WEIR1002', exit: 2 }, wrong);
});
