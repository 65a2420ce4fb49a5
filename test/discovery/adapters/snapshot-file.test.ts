/** The snapshot on disk: whole, bounded, and refused by name when it is not weir's of today. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSnapshotFile, writeSnapshotFile } from '../../../src/discovery/adapters/snapshot-file.ts';
import { type DiscoverySnapshot, marksOf } from '../../../src/discovery/records/snapshot-record.ts';
import { FolderMarks } from '../../../src/discovery/registry/zookeeper/folder-marks.ts';
import type { Endpoint } from '../../../src/discovery/world/endpoints.ts';

function endpoint(host: number, services: readonly string[] | null): Endpoint {
  return {
    ...{ app: 'pay', address: `10.0.0.${host}`, port: 20_880, protocol: 'dubbo', labels: { zone: 'a' }, unit: 'hz' },
    ...{ weight: 100, layouts: ['application', 'interface'], straight: null, registries: ['hz'] },
    services: services === null ? null : new Set(services),
  };
}

const SNAPSHOT: DiscoverySnapshot = {
  savedAt: 1,
  apps: new Map([['pay', [endpoint(1, ['A', 'g/B:1.0']), endpoint(2, ['g/B:1.0', 'A']), endpoint(3, null)]]]),
  interfaces: new Map([['A', ['pay']]]),
  offered: new Map([['A', ['pay', 'old']]]),
  mappingsSince: 1,
  learned: new Map([['main', ['pay']]]),
  marks: new Map([['[hz]', new FolderMarks([['/services/pay', { created: 9_007_199_254_740_993n, changes: -4 }]])]]),
};

async function inFolder(act: (file: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-snapshot-'));
  try {
    await act(join(folder, 'discovery', 'snapshot.json'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a snapshot is read as it was written; none is null', () =>
  inFolder(async (file) => {
    assert.equal(await readSnapshotFile(file), null);
    await writeSnapshotFile(file, SNAPSHOT);
    const read = await readSnapshotFile(file);
    assert.deepEqual({ ...read, marks: null }, { ...SNAPSHOT, marks: null });
    assert.equal(read?.marks?.get('[hz]')?.text, '{"/services/pay":["9007199254740993",-4]}');
    await writeSnapshotFile(file, { ...SNAPSHOT, marks: new Map() });
    assert.deepEqual(await readSnapshotFile(file), { ...SNAPSHOT, marks: new Map() });
    const broken = '"marks":{"[hz]":{"/services/pay":["x",1]}}';
    writeFileSync(file, `{"schemaVersion":1,"savedAt":1,"apps":{},"interfaces":{},${broken}}`);
    await assert.rejects(readSnapshotFile(file), { code: 'WEIR2026' });
  }));

test('how new a registry was counts for the next agent, and not for one that starts long after', () => {
  assert.deepEqual([...marksOf(SNAPSHOT, 600_001).keys()], ['[hz]']);
  for (const nowMs of [600_002, -700_000]) assert.equal(marksOf(SNAPSHOT, nowMs).size, 0);
  assert.equal(marksOf(null, 1).size, 0);
});

test('a snapshot of a newer weir, a torn one and a folder are refused by name', () =>
  inFolder(async (file) => {
    await writeSnapshotFile(file, SNAPSHOT);
    writeFileSync(file, '{"schemaVersion":99,"apps":[]}');
    await assert.rejects(readSnapshotFile(file), { code: 'WEIR2025', message: `${file} was written by a newer weir` });
    writeFileSync(file, '{"schemaVersion":1,"savedAt":1,"ap');
    await assert.rejects(readSnapshotFile(file), { code: 'WEIR2026' });
    writeFileSync(
      file,
      '{"schemaVersion":1,"savedAt":1,"apps":{"pay":{"services":[],"endpoints":[{}]}},"interfaces":{}}',
    );
    await assert.rejects(readSnapshotFile(file), { code: 'WEIR2026' });
    rmSync(file);
    mkdirSync(file);
    await assert.rejects(readSnapshotFile(file));
  }));

test('a snapshot that cannot be written leaves the former one', () =>
  inFolder(async (file) => {
    await writeSnapshotFile(file, SNAPSHOT);
    await assert.rejects(writeSnapshotFile(join(file, 'below', 'snapshot.json'), SNAPSHOT));
    assert.deepEqual(await readSnapshotFile(file), SNAPSHOT);
  }));
