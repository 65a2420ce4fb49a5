/** Metrics of a supervisor during a real upgrade. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { promtoolBinary } from '../../../scripts/setup/promtool.ts';
import { NEW_ENVOY, SidecarLab } from './sidecar-lab.ts';

describe('the metrics of a supervisor', () => {
  let lab: SidecarLab;
  let folder: string;
  let file: string;
  beforeEach(async () => {
    lab = await SidecarLab.open({ drain: '4s' });
    folder = join(lab.folder, 'textfile');
    file = join(folder, 'weir-main.prom');
    await mkdir(folder);
    await lab.configure({}, { shop: { select: { user: 'root' }, sidecar: 'main' } });
  });
  afterEach(async () => lab.close());

  const value = async (series: string) => {
    const text = await readFile(file, 'utf8').catch(() => '');
    const line = text.split('\n').find((one) => one.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  };
  const until = (series: string, wanted: number) =>
    lab.until(`${series} to be ${wanted}`, async () => (await value(series)) === wanted);

  it('show an upgrade of a real Envoy, pass promtool, and are gone after stop', async (t) => {
    await lab.run('--metrics-file', file);
    await until('weir_sidecar_info{sidecar="main",version="1.39.3"}', 1);
    await until('weir_upgrade_state{sidecar="main",state="idle"}', 1);
    await until('weir_interception_state{sidecar="main",app="shop",state="off"}', 1);
    assert.equal((await stat(file)).mode & 0o777, 0o644);
    const refused = await lab.upgrade('--binary', '/bin/true');
    assert.equal(refused.code, 3);
    const settled = await lab.upgrade('--binary', NEW_ENVOY);
    assert.equal(settled.json.result.outcome, 'settled');
    await until('weir_sidecar_info{sidecar="main",version="1.40.0"}', 1);
    await until('weir_upgrades_total{sidecar="main",outcome="settled"}', 1);
    assert.equal(await value('weir_upgrades_total{sidecar="main",outcome="refused"}'), 1);
    assert.equal(await value('weir_sidecar_epoch{sidecar="main"}'), 1);
    assert.equal(await value('weir_upgrade_duration_seconds_count{sidecar="main",outcome="settled"}'), 1);
    // No application is on, so that no lease is in force.
    assert.equal(await value('weir_lease_renewals_total{sidecar="main"}'), 0);
    const checked = spawnSync(await promtoolBinary(), ['check', 'metrics'], { input: await readFile(file) });
    assert.deepEqual([checked.status, String(checked.stdout), String(checked.stderr)], [0, '', '']);
    const memory = Number(await value('weir_supervisor_resident_memory_bytes{sidecar="main"}'));
    t.diagnostic(`resident memory of the supervisor: ${(memory / 1e6).toFixed(1)} MB`);
    await lab.weir('sidecar', 'stop', 'main');
    await lab.untilEnded();
    assert.deepEqual(await readdir(folder), []);
  });

  it('are refused at once where no collector could read them', async () => {
    for (const path of [join(folder, 'weir.txt'), join(folder, 'missing', 'weir.prom')]) {
      const { code, json } = await lab.weir('sidecar', 'run', 'main', '--metrics-file', path);
      assert.deepEqual([code, json.error.code], [2, 'WEIR1002']);
    }
    assert.deepEqual(await lab.envoys(), []);
  });
});
