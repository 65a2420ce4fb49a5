/** Units of systemd: what the package ships, and what is printed for other paths. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { serviceUnit } from '../../../src/sidecar/cli/service-unit.ts';
import { PROJECT_ROOT } from '../../run-weir.ts';

for (const kind of ['all', 'template'] as const) {
  test(`the unit of the package for ${kind} is the printed one`, () => {
    const { file, text } = serviceUnit({ unit: { kind }, weir: ['/usr/bin/weir'], flags: [], drainMs: 15_000 });
    assert.equal(readFileSync(join(PROJECT_ROOT, 'packaging', file), 'utf8'), text);
  });
}

test('words with letters that systemd reads in its own way are quoted', () => {
  const { file, text } = serviceUnit({
    unit: { kind: 'one', name: 'main' },
    weir: ['/opt/my node/node', '/opt/100%/bin/run.js'],
    flags: ['--config', '/etc/$HOME/"mesh".yaml'],
    drainMs: 600_000,
  });
  assert.equal(file, 'weir-sidecar-main.service');
  const start =
    'ExecStart="/opt/my node/node" /opt/100%%/bin/run.js sidecar run main --config "/etc/$$HOME/\\"mesh\\".yaml"';
  assert.ok(text.split('\n').includes(start), text);
  assert.match(text, /^TimeoutStopSec=645$/m);
});

test('the supervisor alone is killed, an Envoy without memory does not end the unit, and no start is the last one', () => {
  const { text } = serviceUnit({ unit: { kind: 'all' }, weir: ['/usr/bin/weir'], flags: [], drainMs: 15_000 });
  for (const line of ['KillMode=process', 'OOMPolicy=continue', 'Type=notify', 'StartLimitIntervalSec=0']) {
    assert.ok(text.split('\n').includes(line), line);
  }
  assert.match(text, /ExecReload=\/usr\/bin\/weir sidecar handoff\n.*\nExecReload=\/bin\/kill -HUP \$MAINPID/);
});
