/** The jars of real Dubbo routers. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { lookForRouterJars } from '../../src/rules/adapters/oracle/router-jars.ts';

test('the jars of a line are there only when each one is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-jars-'));
  try {
    const env = { DUBBO_JARS: folder };
    const { paths, why } = lookForRouterJars('3.3', env);
    assert.equal(basename(paths[0] ?? ''), 'dubbo-3.3.6.jar');
    assert.equal(why, `${join(folder, 'dubbo-3.3.6.jar')} (from $DUBBO_JARS) is not there`);
    for (const path of paths.slice(0, -1)) writeFileSync(path, '');
    assert.match(lookForRouterJars('3.3', env).why ?? '', /netty-common/);
    writeFileSync(paths.at(-1) ?? '', '');
    assert.equal(lookForRouterJars('3.3', env).why, null);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('without a folder they are looked for in the store of Maven', () => {
  const { paths } = lookForRouterJars('2.7', {});
  assert.match(paths[0] ?? '', /\.m2\/repository\/org\/apache\/dubbo\/dubbo\/2\.7\.23\/dubbo-2\.7\.23\.jar$/);
});
