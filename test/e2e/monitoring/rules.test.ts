/** What `weir metrics rules` writes, judged by promtool and amtool. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parse } from 'yaml';
import { amtoolBinary } from '../../../scripts/setup/amtool.ts';
import { promtoolBinary } from '../../../scripts/setup/promtool.ts';
import { runWeirBin } from '../../run-weir.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-rules-'));
const file = (name: string) => join(folder, name);
const run = (tool: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(tool, args, { encoding: 'utf8', cwd: folder });
  return { status, text: `${stdout}${stderr}` };
};

describe('the rules of weir', () => {
  before(async () => {
    const { code, stdout } = await runWeirBin(['metrics', 'rules', '--out', folder, '--json']);
    assert.equal(code, 0);
    assert.deepEqual(
      JSON.parse(stdout).result.files.map(({ path, kind }: { path: string; kind: string }) => [path, kind]),
      [
        ['weir-rules.yml', 'rules'],
        ['weir-rules.test.yml', 'tests'],
        ['alertmanager.yml', 'alertmanager'],
      ],
    );
  });
  after(() => rmSync(folder, { recursive: true }));

  test('are accepted by promtool, and every unit test passes', async () => {
    const promtool = await promtoolBinary();
    const checked = run(promtool, 'check', 'rules', '--lint=all', '--lint-fatal', 'weir-rules.yml');
    assert.equal(checked.status, 0, checked.text);
    const tested = run(promtool, 'test', 'rules', 'weir-rules.test.yml');
    assert.equal(tested.status, 0, tested.text);
  });

  test('have a unit test each that fails without the alert, and one that fails when it always fires', async () => {
    const rules = readFileSync(file('weir-rules.yml'), 'utf8');
    const alerts = [...rules.matchAll(/alert: (\w+)/g)].map(([, name = '']) => name);
    assert.ok(alerts.length >= 25);
    const promtool = await promtoolBinary();
    const failing = (change: (rule: { alert?: string; expr: string; for?: string }) => object) => {
      const changed = parse(rules) as { groups: { rules: { alert?: string; expr: string }[] }[] };
      for (const group of changed.groups) group.rules = group.rules.map((rule) => change(rule) as typeof rule);
      writeFileSync(file('weir-rules.yml'), JSON.stringify(changed));
      const { text } = run(promtool, 'test', 'rules', 'weir-rules.test.yml');
      writeFileSync(file('weir-rules.yml'), rules);
      return new Set([...text.matchAll(/alertname: (\w+)/g)].map(([, name = '']) => name));
    };
    const tests = readFileSync(file('weir-rules.test.yml'), 'utf8');
    const only = (kind: string) => {
      const some = parse(tests) as { tests: { name: string }[] };
      some.tests = some.tests.filter(({ name }) => name.includes(kind));
      writeFileSync(file('weir-rules.test.yml'), JSON.stringify(some));
    };
    only(' fires');
    const never = failing((rule) => (rule.alert === undefined ? rule : { ...rule, expr: 'vector(0) == 1' }));
    assert.deepEqual([...never].sort(), alerts.toSorted(), 'tests that an alert fires');
    only(' is quiet ');
    const always = failing((rule) => (rule.alert === undefined ? rule : { ...rule, expr: 'vector(1)', for: '0s' }));
    writeFileSync(file('weir-rules.test.yml'), tests);
    assert.deepEqual([...always].sort(), alerts.toSorted(), 'tests that an alert is quiet');
  });

  test('reach their receivers by the routes, which amtool accepts', async () => {
    const amtool = await amtoolBinary();
    const checked = run(amtool, 'check-config', 'alertmanager.yml');
    assert.equal(checked.status, 0, checked.text);
    const receiver = (...labels: string[]) =>
      run(amtool, 'config', 'routes', 'test', '--config.file=alertmanager.yml', ...labels)
        .text.split('\n')[0]
        ?.trim();
    assert.deepEqual(
      [
        receiver('alertname=WeirBypassed', 'severity=page'),
        receiver('alertname=WeirUpgradeFailed', 'severity=ticket'),
        receiver('alertname=SomebodyElses', 'severity=page'),
      ],
      ['weir-page', 'weir-ticket', 'default'],
    );
  });
});
