/** What weir says about itself, beside the committed schemas. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { gather, type SupportItem } from '../../src/support/gather.ts';
import { PROJECT_ROOT, runWeirBin } from '../run-weir.ts';
import { parseEnvelope } from './envelope-schema.ts';

function assertSchema(name: string, result: unknown): void {
  const schema = JSON.parse(readFileSync(new URL(`./schemas/${name}.schema.json`, import.meta.url), 'utf8')) as object;
  const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);
  assert.ok(validate(result), JSON.stringify(validate.errors, null, 1));
}

test('`version --json` keeps to its schema, and knows its build', async () => {
  const { code, stdout } = await runWeirBin(['version', '--json']);
  assert.equal(code, 0);
  const { result } = JSON.parse(stdout);
  parseEnvelope(stdout);
  assertSchema('version', result);
  assert.equal(result.version, JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')).version);
  assert.notEqual(result.build, null);
});

test('`support --dry-run --json` keeps to its schema and writes nothing', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-support-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const out = join(folder, 'out.tar.gz');
  const places = ['--config', join(folder, 'mesh.yaml'), '--run-dir', folder, '--state-dir', folder, '--out', out];
  const { code, stdout, stderr } = await runWeirBin(['support', '--dry-run', '--json', ...places]);
  assert.equal(code, 0, stderr);
  const { result } = JSON.parse(stdout);
  assertSchema('support', result);
  assert.ok(result.entries.length > 0);
  assert.equal(existsSync(out), false);
});

test('what was gathered and what could not be had keep to the schema of `support --json`', async () => {
  const items: SupportItem[] = [
    { name: 'there.txt', from: '/there', read: async () => 'text' },
    { name: 'gone.txt', from: '/gone', read: () => Promise.reject(new Error('EACCES: permission denied')) },
  ];
  const { entries, gaps } = await gather(items, []);
  assert.deepEqual([entries.length, gaps.length], [1, 1]);
  assertSchema('support', { archive: 'out.tar.gz', entries, gaps });
});
