/** `weir check`: schema, categories and exit codes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { CHECK_CATEGORY_NAMES } from '../../src/readiness/check-categories.ts';
import { check, checkCase } from '../readiness/check-case.ts';
import { runWeirBin } from '../run-weir.ts';
import { parseEnvelope } from './envelope-schema.ts';

const schema = JSON.parse(readFileSync(new URL('./schemas/check.schema.json', import.meta.url), 'utf8'));
const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);
const NOWHERE = { WEIR_CONFIG: '/nonexistent/mesh.yaml' };

test('the result of weir check keeps to its committed schema, in good and in bad health', async () => {
  const good = await check(checkCase(), ...CHECK_CATEGORY_NAMES);
  assert.ok(validate(JSON.parse(JSON.stringify(good))), JSON.stringify(validate.errors));
  const bad = checkCase();
  bad.facts.installed.clear();
  bad.facts.rightsFacts = { uid: 1000, capabilities: new Set() };
  bad.config = { state: 'missing', file: '/etc/weir/mesh.yaml' };
  bad.intercept.readiness = { state: 'frozen', detail: 'no answer' };
  const report = await check(bad, ...CHECK_CATEGORY_NAMES);
  assert.ok(validate(JSON.parse(JSON.stringify(report))), JSON.stringify(validate.errors));
});

test('an unknown category exits 2 and lists those there are', async () => {
  const { code, stdout } = await runWeirBin(['check', 'kernel', 'kernal', '--json'], NOWHERE);
  assert.equal(code, 2);
  const { error } = parseEnvelope(stdout);
  assert.equal(error?.code, 'WEIR1012');
  assert.match(error?.message ?? '', /"kernal"/);
  for (const name of CHECK_CATEGORY_NAMES) assert.ok(error?.why.includes(name), name);
});

test('categories are checked in their own order, whatever order they are named in, and only those', async () => {
  const { code, stdout, stderr } = await runWeirBin(['check', 'clock', 'tools', 'clock', '--json'], NOWHERE);
  assert.equal(stderr, '');
  const { result } = parseEnvelope(stdout) as { result: { categories: { name: string }[]; counts: object } };
  assert.deepEqual(
    result.categories.map(({ name }) => name),
    ['tools', 'clock'],
  );
  assert.ok(validate(result), JSON.stringify(validate.errors));
  assert.equal(code, 'error' in result.counts && result.counts.error === 0 ? 0 : 1);
});

test('a missing mesh.yaml skips the sidecars, a broken one is an error of that category', async () => {
  const skipped = await runWeirBin(['check', 'sidecar'], { ...NOWHERE, LC_ALL: 'C' });
  assert.equal(skipped.code, 0);
  assert.match(skipped.stdout, /^sidecar\n {2}- there is no \/nonexistent\/mesh.yaml/);
  assert.match(skipped.stdout, /\n0 ok, 1 skipped\n$/);
  const broken = await runWeirBin(['check', 'sidecar', '--config', new URL(import.meta.url).pathname]);
  assert.equal(broken.code, 1);
  assert.match(broken.stdout, /mesh.yaml cannot be used/);
});
