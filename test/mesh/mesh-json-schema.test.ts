/** The JSON Schema beside the parser. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { parse } from 'yaml';
import { EXAMPLE_MESH_YAML } from '../../src/mesh/example-mesh.ts';
import { buildMeshJsonSchema, formatMeshJsonSchema, type JsonSchema } from '../../src/mesh/mesh-json-schema.ts';
import { MINIMAL_MESH_YAML } from '../../src/mesh/minimal-mesh.ts';
import { parseMeshConfig } from '../../src/mesh/parse-mesh.ts';
import { writtenMesh } from './arbitrary-mesh.ts';
import { appWith } from './mistakes/documents.ts';
import { MISTAKE_GROUPS } from './mistakes/mistake-golden.ts';

const validate = new Ajv2020({
  strict: true,
  strictTypes: false,
  strictRequired: false,
  strictTuples: false,
  allErrors: true,
}).compile(buildMeshJsonSchema());
const fits = (yaml: string) => validate(parse(yaml));

test('docs/mesh.schema.json is what the parser uses (node scripts/mesh-golden.ts)', () => {
  assert.equal(readFileSync(new URL('../../docs/mesh.schema.json', import.meta.url), 'utf8'), formatMeshJsonSchema());
});

test('the schema accepts what the parser accepts', () => {
  for (const yaml of [EXAMPLE_MESH_YAML, MINIMAL_MESH_YAML, appWith('inbound: {}\noutbound: false')]) {
    assert.ok(fits(yaml), JSON.stringify(validate.errors));
  }
  fc.assert(
    fc.property(writtenMesh, ({ yaml }) => assert.ok(fits(yaml), JSON.stringify(validate.errors))),
    { numRuns: 50 },
  );
});

/** What a schema of one file cannot see: other entries, and the finer rules of a text that a pattern cannot hold. */
const BEYOND_A_SCHEMA: Readonly<Record<string, readonly string[]>> = {
  'top-level': [],
  sidecar: [
    'an admin with a host name',
    'an admin with a port too large',
    'an admin with IPv6 without brackets',
    'a socket path too long',
    'a drain too long',
    'a notice with a password',
    'outbound and inbound on one port',
    'a listener on the admin port',
    'two sidecars on one port',
    'two sidecars on one admin port',
    'an admin on every address beside another',
    'two sidecars on one socket',
  ],
  app: [
    'a lease too short',
    'a lease too long',
    'an unknown sidecar',
    'a misspelt sidecar',
    'a port too large',
    'a range backwards',
    'a prefix too long',
    'a prefix too long for IPv6',
    'a leading zero',
    'three numbers',
    'a number above 255',
    'two double colons',
    'an IPv4-compatible address',
    'outbound of a sidecar without that port',
    'inbound of a sidecar without that port',
    "a sidecar's port as inbound",
    "a range around a sidecar's port",
    'two apps on one inbound port',
    'two apps on every inbound port',
    'two apps on one inbound port from networks that overlap',
    'two apps of one user',
    'two apps of one uid, as number and text',
    'two apps of one group',
    'two apps of one slice',
    'a slice inside another',
    'two apps of every process',
    "an app of the sidecar's user",
  ],
};

for (const [group, beyond] of Object.entries(BEYOND_A_SCHEMA)) {
  test(`the schema rejects each mistake of ${group} but those that no schema can see`, () => {
    const accepted = (MISTAKE_GROUPS[group] ?? []).filter(({ yaml }) => fits(yaml)).map(({ name }) => name);
    assert.deepEqual(accepted.toSorted(), beyond.toSorted());
  });
}

test('the schema never rejects a scalar that the parser takes', () => {
  const scalar = fc.oneof(
    fc.integer({ min: -1, max: 70_000 }),
    fc.constantFrom('80', '8000-9000', '0', 'x', '65535', '00080', '1-2-3'),
    fc.string({ maxLength: 6 }),
  );
  fc.assert(
    fc.property(scalar, (value) => {
      const yaml = appWith(`outbound: {ports: [${JSON.stringify(value)}]}`);
      if ('config' in parseMeshConfig(yaml, 'mesh.yaml')) assert.ok(fits(yaml), yaml);
    }),
  );
});

/** Every schema of a key or item, with its path. */
function describedSchemas(schema: JsonSchema, path: string): [string, JsonSchema][] {
  const map =
    schema.properties !== undefined || schema.additionalProperties
      ? schema
      : schema.anyOf?.find((one) => one.properties);
  const children = Object.entries(map?.properties ?? {});
  if (map?.additionalProperties) children.push(['NAME', map.additionalProperties]);
  const { items } = schema as { items?: JsonSchema };
  if (items !== undefined) children.push(['[]', items]);
  return children.flatMap(([key, child]) => [
    [`${path}.${key}`, child] as [string, JsonSchema],
    ...describedSchemas(child, `${path}.${key}`),
  ]);
}

test('every key has a description with the accepted values', () => {
  const described = describedSchemas(buildMeshJsonSchema(), '');
  assert.ok(described.length > 40);
  for (const [path, { description }] of described) assert.match(description ?? '', /^[A-Z].+\. Accepts .+\.$/, path);
});
