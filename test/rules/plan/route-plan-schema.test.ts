/** The schema of plans. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parseCaseFile } from '../../../src/rules/case-file.ts';
import { routePlanJsonSchema } from '../../../src/rules/plan/route-plan-schema.ts';
import { planRuleSource } from '../../../src/rules/plan-rule-source.ts';
import { readRuleFile } from '../../../src/rules/read/read-rule-file.ts';

const SCHEMA_FILE = join(import.meta.dirname, '../../contract/schemas/route-plan.schema.json');
const ROOT = join(import.meta.dirname, '../../fixtures/groovy');

test('the committed schema is the one of the code', () => {
  assert.deepEqual(JSON.parse(readFileSync(SCHEMA_FILE, 'utf8')), routePlanJsonSchema());
});

test('every plan of a fixture is valid by the committed schema, and is the same when made again', () => {
  const validate = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync(SCHEMA_FILE, 'utf8')));
  for (const entry of readdirSync(ROOT, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const known = parseCaseFile(readFileSync(join(ROOT, entry.name, 'case.json'), 'utf8'), entry.name);
    const file = known.file ?? 'rule.groovy';
    const text = readFileSync(join(ROOT, entry.name, file), 'utf8');
    const plan = JSON.stringify(planRuleSource(readRuleFile(file, text), known));
    assert.ok(validate(JSON.parse(plan)), `${entry.name}: ${JSON.stringify(validate.errors?.slice(0, 3))}`);
    assert.equal(JSON.stringify(planRuleSource(readRuleFile(file, text), known)), plan);
  }
});
