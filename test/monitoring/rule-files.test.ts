/** Rules, dashboard and guide of `weir metrics`, without Prometheus. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { DISCOVERY_METRICS } from '../../src/discovery/metrics/discovery-families.ts';
import { HOST_METRICS, OPERATOR_METRICS } from '../../src/fleet/metrics/fleet-families.ts';
import { writeMonitoringFiles } from '../../src/monitoring/adapters/write-files.ts';
import { ALERT_GROUPS, runbookOf } from '../../src/monitoring/catalogue.ts';
import { dashboardFile } from '../../src/monitoring/dashboard/dashboard.ts';
import { DASHBOARD_ROWS } from '../../src/monitoring/dashboard/panels.ts';
import { RECORDINGS } from '../../src/monitoring/recordings.ts';
import { ruleFiles } from '../../src/monitoring/rule-files.ts';
import { alertsGuide } from '../../src/monitoring/text/alerts-guide.ts';
import { writtenText } from '../../src/monitoring/text/written-text.ts';
import { SIDECAR_METRICS } from '../../src/sidecar/metrics/sidecar-families.ts';
import { PLAIN_PAINT } from '../mesh/mistakes/mistake-golden.ts';

const ALERTS = ALERT_GROUPS.flatMap(({ alerts }) => alerts);
const FAMILIES = [SIDECAR_METRICS, DISCOVERY_METRICS, HOST_METRICS, OPERATOR_METRICS].flatMap((one) =>
  Object.values(one),
);
const KNOWN = new Set([
  ...FAMILIES.flatMap(({ name, type }) =>
    type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [name],
  ),
  ...RECORDINGS.map(({ record }) => record),
]);
const QUERIES = DASHBOARD_ROWS.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries));
const GUIDE = readFileSync(new URL('../../docs/guide/alerts.md', import.meta.url), 'utf8');

test('each rule and query asks only for series that weir publishes or records', () => {
  const texts = [
    ...ALERTS.flatMap(({ expr, fires, quiet }) => [
      expr,
      ...[fires, ...quiet].flatMap((one) => Object.keys(one.series)),
    ]),
    ...RECORDINGS.flatMap(({ expr, proof }) => [expr, ...Object.keys(proof.series)]),
    ...QUERIES.map(({ expr }) => expr),
  ];
  for (const text of texts) {
    const names = text.replaceAll(/"[^"]*"/g, '').match(/\bweir[_:][a-z0-9_:]+/g) ?? [];
    for (const name of names) assert.ok(KNOWN.has(name), `${name} in ${text}`);
  }
});

test('each alert has a heading in the guide, where its runbook points, and the guide is made from the alerts', () => {
  assert.equal(GUIDE, alertsGuide(), 'npm run alerts:guide');
  const [rules] = ruleFiles('docs/guide/', null);
  const { groups } = parse(rules?.text ?? '') as {
    groups: { rules: { alert?: string; annotations?: { runbook_url: string } }[] }[];
  };
  const written = groups.flatMap((group) => group.rules.filter(({ alert }) => alert !== undefined));
  assert.deepEqual(
    written.map(({ alert }) => alert),
    ALERTS.map(({ name }) => name),
  );
  for (const { annotations } of written) {
    const [file, anchor] = annotations?.runbook_url.split('#') ?? [];
    const page = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
    const anchors = [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading.toLowerCase());
    assert.ok(anchors.includes(anchor ?? ''), `${file}#${anchor}`);
  }
  assert.equal(runbookOf('https://wiki.example/weir', { name: 'WeirA' }), 'https://wiki.example/weir/alerts.md#weira');
});

test('each alert has a world in which it fires and one beside it, and its summary names labels that it has', () => {
  for (const { name, fires, quiet, summary } of ALERTS) {
    assert.ok(fires.labels.length > 0 && quiet.length > 0, name);
    for (const [, label = ''] of summary.matchAll(/\{\{ \$labels\.(\w+) \}\}/g))
      assert.ok(
        fires.labels.every((labels) => Object.hasOwn(labels, label)) || label === 'instance',
        `${name}: ${label}`,
      );
  }
});

test('the dashboard is JSON whose panels have their own places, and each query its own letter', () => {
  const { panels } = JSON.parse(dashboardFile().text) as {
    panels: { id: number; gridPos: { x: number; y: number; w: number; h: number }; targets?: { refId: string }[] }[];
  };
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const taken = new Set<string>();
  for (const { gridPos, targets = [] } of panels) {
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        assert.ok(x < 24 && !taken.has(`${x} ${y}`));
        taken.add(`${x} ${y}`);
      }
    }
    assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length);
  }
});

test('files of weir are written over, files of others are not, and then nothing is written', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-rules-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const files = [...ruleFiles('docs/guide/', 'https://prometheus.example/api/v1/write'), dashboardFile()];
  await writeMonitoringFiles(folder, files);
  await writeMonitoringFiles(folder, files);
  assert.match(readFileSync(join(folder, 'remote-write.yml'), 'utf8'), /url: https:\/\/prometheus.example/);
  writeFileSync(join(folder, 'alertmanager.yml'), 'route: {receiver: mine}\n');
  rmSync(join(folder, 'weir-rules.yml'));
  await assert.rejects(writeMonitoringFiles(folder, files), { code: 'WEIR1030', exit: 3 });
  assert.throws(() => readFileSync(join(folder, 'weir-rules.yml')), { code: 'ENOENT' });
  await assert.rejects(writeMonitoringFiles(join(folder, 'alertmanager.yml'), files), { code: 'WEIR1031' });
  assert.match(writtenText({ folder, files }, PLAIN_PAINT), /weir-rules\.yml\s+rule_files of prometheus\.yml/);
});
