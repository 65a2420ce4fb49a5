/** Results of interception commands beside their committed schemas. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { planChanges } from '../../src/interception/plan-changes.ts';
import { reportStatus } from '../../src/interception/report-status.ts';
import { verifyApps } from '../../src/interception/verify-apps.ts';
import { confirm, hostWith, MESH, off, on, removeAll } from '../interception/cases.ts';

/** Holds a result to the committed schema of its command. */
function assertSchema(name: string, result: unknown): void {
  const schema = JSON.parse(readFileSync(new URL(`./schemas/${name}.schema.json`, import.meta.url), 'utf8')) as object;
  const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);
  assert.ok(validate(JSON.parse(JSON.stringify(result))), JSON.stringify(validate.errors, null, 1));
}

test('the result of each interception command keeps to its committed schema, in every state', async () => {
  const host = hostWith('nft');
  const status = async () => assertSchema('status', (await reportStatus(host, { config: MESH, apps: [] })).result);
  const verify = async () => assertSchema('verify', (await verifyApps(host, async () => MESH, [])).result);
  await status();
  await verify();
  assertSchema('plan', (await planChanges(host, { config: MESH, apps: [], backend: 'auto' })).result);
  assertSchema('switch', (await on(host, { dryRun: true })).result);
  assertSchema('switch', (await on(host)).result);
  assertSchema('switch', (await on(host, { apps: ['report'], confirmMs: 60_000 })).result);
  await status();
  await verify();
  assertSchema('confirm', (await confirm(host)).result);
  assertSchema('confirm', (await confirm(host)).result);
  await host
    .fake('nft')
    .commit([{ scope: 'inet', operations: [{ op: 'flush-chain', table: 'weir', chain: 'output' }], undo: [] }]);
  await status();
  await verify();
  assertSchema('switch', (await off(host)).result);
  await status();
  assertSchema('uninstall', (await removeAll(host)).result);
});
