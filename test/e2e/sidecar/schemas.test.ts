/** Results of sidecar commands beside their committed schemas. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Ajv } from 'ajv';
import { NEW_ENVOY, SidecarLab } from './sidecar-lab.ts';

/** Holds what a real command printed to the committed schema of its result. */
function assertSchema(name: string, result: unknown): void {
  const file = new URL(`../../contract/schemas/sidecar-${name}.schema.json`, import.meta.url);
  const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(JSON.parse(readFileSync(file, 'utf8')));
  assert.ok(validate(result), `${name}: ${JSON.stringify(validate.errors, null, 1)}\n${JSON.stringify(result)}`);
}

describe('the results of the sidecar commands', () => {
  it('keep to their committed schemas, each by a real Envoy', async () => {
    const lab = await SidecarLab.open({ drain: '2s' });
    const outcomes: string[] = [];
    const ask = async (schema: string, command: string, ...args: readonly string[]) => {
      const answer = await lab.weir('sidecar', command, 'main', ...args);
      assertSchema(schema, answer.json.ok ? answer.json.result : answer.json.error.details);
      if (schema === 'upgrade') outcomes.push((answer.json.result ?? answer.json.error.details).outcome);
      return answer;
    };
    try {
      await ask('status', 'status');
      await rm(join(lab.folder, 'first.json'));
      await ask('init', 'init');
      await lab.run();
      await ask('status', 'status');
      await ask('wait-settled', 'wait-settled');
      await ask('abort', 'abort');
      await ask('upgrade', 'upgrade');
      await ask('upgrade', 'upgrade', '--binary', NEW_ENVOY, '--dry-run');
      await ask('upgrade', 'upgrade', '--binary', '/bin/true');
      await ask('upgrade', 'upgrade', '--binary', NEW_ENVOY, '--no-wait');
      await ask('status', 'status');
      await ask('wait-settled', 'wait-settled');
      await ask('upgrade', 'rollback');
      await ask('history', 'history');
      await ask('handoff', 'handoff');
      await ask('handoff', 'handoff', '--force');
      await ask('run', 'run', '--dry-run');
      await ask('unit', 'unit');
      await ask('fetch', 'fetch', '--from', NEW_ENVOY, '--dry-run');
      await ask('reopen-logs', 'reopen-logs');
      await ask('stop', 'stop');
      await lab.untilEnded();
      assert.deepEqual(outcomes, ['unchanged', 'dry-run', 'refused', 'started', 'settled']);
      const events = lab.log.split('\n').filter((line) => line.startsWith('{'));
      for (const line of events) assertSchema('run', JSON.parse(line).result);
      const kinds = new Set(events.map((line) => JSON.parse(line).result.event));
      for (const kind of ['live', 'state', 'bypass', 'report', 'stopped']) assert.ok(kinds.has(kind), kind);
    } finally {
      await lab.close();
    }
  });
});
