/** Reads and checks the JSON envelope of a command. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';

const schema = JSON.parse(readFileSync(new URL('./schemas/envelope.schema.json', import.meta.url), 'utf8'));
const validate = new Ajv({ strict: true, strictRequired: false, strictTypes: false }).compile(schema);

/** An envelope that fits the schema. */
export interface Envelope {
  readonly ok: boolean;
  readonly result?: unknown;
  readonly error?: { code: string; message: string; why: string; hint: string; details?: unknown };
  readonly warnings: readonly string[];
}

/** Parses a stdout that must hold exactly one envelope on one line; throws an AssertionError for anything else. */
export function parseEnvelope(stdout: string): Envelope {
  assert.match(stdout, /^[^\n]+\n$/, `one line expected, got ${JSON.stringify(stdout)}`);
  const envelope: unknown = JSON.parse(stdout);
  assert.ok(validate(envelope), `${JSON.stringify(validate.errors)} in ${stdout}`);
  return envelope as Envelope;
}
