/** The file of `--metrics-file`: what it may be called, and how it is replaced. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openMetricsFile } from '../../../src/platform/process/metrics-file.ts';

let folder = '';

describe('a metrics file', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-metrics-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is refused where the collector would not read it', async () => {
    await assert.rejects(openMetricsFile(join(folder, 'weir.txt')), { code: 'WEIR1002', why: /end in \.prom/ });
    await assert.rejects(openMetricsFile(join(folder, 'none/weir.prom')), {
      code: 'WEIR1002',
      why: /no folder .*none/,
    });
    writeFileSync(join(folder, 'file'), '');
    await assert.rejects(openMetricsFile(join(folder, 'file/weir.prom')), { code: 'WEIR1002' });
  });

  it('is replaced whole, and readable by all under any umask', async () => {
    const umask = process.umask(0o077);
    try {
      const path = join(folder, 'weir.prom');
      const file = await openMetricsFile(path);
      assert.deepEqual(readdirSync(folder), []);
      await file.write('a 1\na 2\n');
      const { ino } = statSync(path);
      await file.write('b 1\n');
      assert.equal(readFileSync(path, 'utf8'), 'b 1\n');
      assert.notEqual(statSync(path).ino, ino);
      assert.equal(statSync(path).mode & 0o777, 0o644);
      assert.deepEqual(readdirSync(folder), ['weir.prom']);
    } finally {
      process.umask(umask);
    }
  });

  it('is removed with its temporary file, and may be gone already', async () => {
    const file = await openMetricsFile(join(folder, 'weir.prom'));
    await file.write('a 1\n');
    writeFileSync(join(folder, `.weir.prom.${process.pid}.tmp`), 'half');
    await file.remove();
    assert.deepEqual(readdirSync(folder), []);
    await file.remove();
  });
});
