/** `weir config`: output, envelopes and exit codes. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Ajv } from 'ajv';
import { EXAMPLE_MESH_YAML } from '../../src/mesh/example-mesh.ts';
import { PROJECT_ROOT, runWeirBin } from '../run-weir.ts';
import { parseEnvelope } from './envelope-schema.ts';

const resultSchema = JSON.parse(readFileSync(new URL('./schemas/config-check.schema.json', import.meta.url), 'utf8'));
const fitsResult = new Ajv({ strict: false }).compile(resultSchema);

const NUMBERS = EXAMPLE_MESH_YAML.replace('user: envoy', 'user: 990').replace('{user: payment}', '{user: 1001}');

function meshFile(context: TestContext, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-config-cli-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'mesh.yaml');
  writeFileSync(file, content);
  return file;
}

test('config check of a valid file ends with 0 and lists sidecars and apps', async (context) => {
  const file = meshFile(context, NUMBERS);
  const { code, stdout, stderr } = await runWeirBin(['config', 'check', '--config', file]);
  assert.deepEqual([code, stderr], [0, '']);
  assert.ok(stdout.startsWith(`${file} is valid: 1 sidecar, 1 app\n`), stdout);
  assert.match(stdout, /^sidecar main\n[\s\S]*^app payment: user 1001, through sidecar main$/m);
});

test('config check --json gives the same in an envelope that fits its schema', async (context) => {
  const { code, stdout } = await runWeirBin(['config', 'check', '--json'], { WEIR_CONFIG: meshFile(context, NUMBERS) });
  assert.equal(code, 0);
  const { ok, result } = parseEnvelope(stdout);
  assert.equal(ok, true);
  assert.ok(fitsResult(result), JSON.stringify(fitsResult.errors));
});

test('config check --offline takes names that this host does not know', async (context) => {
  const file = meshFile(context, EXAMPLE_MESH_YAML.replace('{user: payment}', '{user: no-such-user-of-weir}'));
  const online = await runWeirBin(['config', 'check', '--config', file]);
  assert.equal(online.code, 2);
  assert.match(online.stderr, /there is no user no-such-user-of-weir on this host$/m);
  assert.equal((await runWeirBin(['config', 'check', '--offline', '--config', file])).code, 0);
});

test('config check of a file with mistakes ends with 2 and shows every one with its line', async (context) => {
  const file = meshFile(
    context,
    NUMBERS.replace('lease: 3s', 'lease: 3').replace('onFailure: direct', 'onfailure: direct'),
  );
  const { code, stdout, stderr } = await runWeirBin(['config', 'check', '--config', file]);
  assert.deepEqual([code, stdout], [2, '']);
  assert.equal(
    stderr,
    `${file}:22:5: apps.payment: "onfailure" is not a key here
  22 |     onfailure: direct            # direct | deny
     |     ^^^^^^^^^
  why:  the keys here are select, sidecar, outbound, inbound, onFailure, lease, consumes, rules
  next: did you mean onFailure?

${file}:23:12: apps.payment.lease: 3 is not a duration here
  23 |     lease: 3                    # optional: interception lap...
     |            ^
  why:  its unit is missing
  next: write 3s

2 problems [WEIR1020]
`,
  );
});

test('the envelope of a file with mistakes has the place of the first and a list of all', async (context) => {
  const file = meshFile(context, NUMBERS.replace('lease: 3s', 'lease: 3').replace('sidecar: main', 'sidecar: mian'));
  const { code, stdout } = await runWeirBin(['config', 'check', '--json', '--config', file]);
  assert.equal(code, 2);
  const { error } = parseEnvelope(stdout);
  assert.equal(error?.code, 'WEIR1020');
  assert.equal(error.message, `${file}:19:14: apps.payment.sidecar: there is no sidecar "mian" (and 1 more problem)`);
  const { location, details } = error as unknown as {
    location: unknown;
    details: { problems: { line: number }[]; total: number };
  };
  assert.deepEqual(location, { file, line: 19, column: 14 });
  assert.deepEqual([details.problems.map(({ line }) => line), details.total], [[19, 23], 2]);
});

test('a missing file ends with 2 and a small one to begin with', async () => {
  const { code, stderr } = await runWeirBin(['config', 'check', '--config', '/nonexistent/mesh.yaml']);
  assert.equal(code, 2);
  assert.match(stderr, /^error: there is no \/nonexistent\/mesh\.yaml \[WEIR1021\]\n[\s\S]*apiVersion: weir\.dev\/v1/);
});

test('config schema prints the schema of docs/, alone or in an envelope', async () => {
  const committed = readFileSync(join(PROJECT_ROOT, 'docs/mesh.schema.json'), 'utf8');
  const plain = await runWeirBin(['config', 'schema']);
  assert.deepEqual([plain.code, plain.stdout], [0, committed]);
  const { result } = parseEnvelope((await runWeirBin(['config', 'schema', '--json'])).stdout);
  assert.deepEqual(result, JSON.parse(committed));
});
