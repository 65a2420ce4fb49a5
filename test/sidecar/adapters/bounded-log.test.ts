/** The log of Envoy does not grow without bounds. */
import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { boundLog } from '../../../src/sidecar/adapters/bounded-log.ts';

test('a log that is too large is kept aside once, and its writer goes on at the beginning', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-log-'));
  const log = join(folder, 'envoy.log');
  try {
    await boundLog(log, 10);
    const writer = await open(log, 'a');
    await writer.write('0123456789');
    await boundLog(log, 10);
    assert.equal(await readFile(log, 'utf8'), '0123456789');
    for (const round of ['a', 'b']) {
      await writer.write(`${round}${'x'.repeat(10)}`);
      await boundLog(log, 10);
      assert.equal(await readFile(log, 'utf8'), '');
    }
    await writer.write('next');
    await writer.close();
    assert.equal(await readFile(log, 'utf8'), 'next');
    assert.equal(await readFile(`${log}.1`, 'utf8'), `b${'x'.repeat(10)}`);
    // Without a place for the copy: the log is emptied all the same, and the caller hears why there is no copy.
    await rm(`${log}.1`);
    await mkdir(`${log}.1`);
    await writeFile(log, 'x'.repeat(20));
    await assert.rejects(boundLog(log, 10));
    await appendFile(log, 'on');
    assert.equal(await readFile(log, 'utf8'), 'on');
  } finally {
    await rm(folder, { recursive: true });
  }
});
