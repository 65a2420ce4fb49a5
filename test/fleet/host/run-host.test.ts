/** `weir host run` as the program that it becomes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOST_TASK, type HostTask } from '../../../src/fleet/host/host-task.ts';
import { readText, recordDocument, requireRecord } from '../../../src/platform/record.ts';
import { runNode } from '../../run-weir.ts';

const TASK: HostTask = {
  ...{ fleetConfig: '/no/fleet.yaml', config: '/no/mesh.yaml', runDir: '/tmp/none', stateDir: '/tmp/none', netns: '' },
  ...{ podInfo: null, weirVersion: '1.0.0', metricsFile: null, json: true, verbose: false },
};

test('the task is the same on the other side', () => {
  const text = JSON.stringify(recordDocument(HOST_TASK, TASK));
  assert.deepEqual(requireRecord(HOST_TASK, 'the task', readText(HOST_TASK, text)), TASK);
});

test('what goes wrong at the start is one envelope and its exit code', async () => {
  const module = JSON.stringify(new URL('../../../src/fleet/text/run-host.ts', import.meta.url).href);
  const script = `
    const { runHostProgram } = await import(${module});
    process.exitCode = await runHostProgram(${JSON.stringify(TASK)});
  `;
  const { code, stdout } = await runNode(['--input-type=module', '-e', script]);
  const { ok, error } = JSON.parse(stdout);
  assert.deepEqual([code, ok, error.code], [2, false, 'WEIR1602']);
});
