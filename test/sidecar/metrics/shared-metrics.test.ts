/** The metrics of several sidecars in one file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedMetrics } from '../../../src/sidecar/metrics/shared-metrics.ts';
import { SidecarMetrics } from '../../../src/sidecar/metrics/sidecar-metrics.ts';

const GAUGES = { state: 'live', epoch: 0, version: '1.39.3', activeConnections: 1, residentBytes: 64, apps: [] };

/** A file in memory; a write takes a moment, as on a disk. */
function memoryFile() {
  const file = { text: '' as string | null, writers: 0, most: 0 };
  return {
    file,
    write: async (text: string) => {
      file.writers += 1;
      file.most = Math.max(file.most, file.writers);
      await new Promise((resolve) => setImmediate(resolve));
      file.text = text;
      file.writers -= 1;
    },
    remove: async () => {
      file.text = null;
    },
  };
}

test('each sidecar keeps its own series, each family is declared once, and the file goes with the last one', async () => {
  const { file, ...ports } = memoryFile();
  const shared = new SharedMetrics(ports);
  const publish = (name: string) => {
    const metrics = new SidecarMetrics(name, 0, shared.store);
    return shared.of(name).write(metrics.print(GAUGES));
  };
  await Promise.all([publish('a'), publish('b')]);
  assert.equal(file.most, 1, 'one writer at a time');
  for (const name of ['a', 'b'])
    assert.match(file.text ?? '', new RegExp(`weir_sidecar_epoch\\{sidecar="${name}"\\} 0`));
  assert.equal(file.text?.match(/^# TYPE weir_sidecar_state /gm)?.length, 1);
  await shared.of('a').remove();
  assert.doesNotMatch(file.text ?? '', /sidecar="a"/);
  assert.match(file.text ?? '', /sidecar="b"/);
  await shared.of('b').remove();
  assert.equal(file.text, null);
});
