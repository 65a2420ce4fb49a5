/** Which file `--from` means, and which checksum was published for it. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { envoySource, publishedSha256 } from '../../../src/sidecar/adapters/envoy-source.ts';

const [A, B] = ['a'.repeat(64), 'b'.repeat(64)] as const;
let folder = '';
describe('which file --from means, and which checksum was published for it', () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weir-source-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('a folder means the one binary in it; none and two are no answer', async () => {
    await assert.rejects(envoySource(folder), /none of envoy, bin\/envoy/);
    await mkdir(join(folder, 'usr', 'local', 'bin'), { recursive: true });
    const file = join(folder, 'usr', 'local', 'bin', 'envoy');
    await writeFile(file, '');
    assert.deepEqual([await envoySource(folder), await envoySource(file)], [file, file]);
    await writeFile(join(folder, 'envoy'), '');
    await assert.rejects(envoySource(folder), /more than one/);
    await assert.rejects(envoySource(join(folder, 'nowhere')), { code: 'ENOENT' });
  });

  for (const [what, file, text, expected] of [
    ['a hash alone beside the file', 'envoy.sha256', `${A}\n`, A],
    ['the output of sha256sum beside the file', 'envoy.sha256', `${A}  envoy\n`, A],
    ['capital digits', 'envoy.sha256', `${A.toUpperCase()} *envoy\n`, A],
    ['its line among others', 'SHA256SUMS', `${B}  other\n${A}  ./bin/envoy\n`, A],
    ['no line of its own', 'SHA256SUMS', `${B}  other\n`, null],
    ['a list without names', 'SHA256SUMS', `${B}\n`, null],
    ['a hash of another kind', 'envoy.sha256', `${'a'.repeat(40)}  envoy\n`, null],
  ] as const) {
    test(`a published checksum: ${what}`, async () => {
      await writeFile(join(folder, file), text);
      assert.equal((await publishedSha256(join(folder, 'envoy')))?.sha256 ?? null, expected);
    });
  }
});
