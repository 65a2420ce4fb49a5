/** The CRDs are structural schemas, and take what the parsers take. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { changeIn, placeOfKey } from '../../../src/fleet/model/cluster-objects.ts';
import { fleetCrds } from '../../../src/fleet/model/crds.ts';
import { manifestText } from '../../../src/fleet/model/manifest-text.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Every schema inside of a schema, with its path. */
function* walk(schema: Schema, path = ''): Generator<readonly [string, Schema]> {
  yield [path, schema];
  for (const [name, one] of Object.entries((schema.properties ?? {}) as Record<string, Schema>))
    yield* walk(one, `${path}.${name}`);
  for (const key of ['items', 'additionalProperties']) {
    if (typeof schema[key] === 'object') yield* walk(schema[key] as Schema, `${path}.${key}`);
  }
}

test('each value has one type, and nothing stands there that the API server refuses', () => {
  const crds = fleetCrds() as readonly {
    metadata: { name: string };
    spec: { versions: { schema: { openAPIV3Schema: Schema } }[] };
  }[];
  assert.deepEqual(
    crds.map(({ metadata }) => metadata.name.split('.')[0]),
    ['meshpolicies', 'sidecarreleases', 'gateways', 'hosts', 'hoststatuses', 'historyentries', 'acceptances'],
  );
  for (const crd of crds) {
    for (const [path, schema] of walk(crd.spec.versions[0]?.schema.openAPIV3Schema ?? {})) {
      const where = `${crd.metadata.name}${path}`;
      for (const key of ['$schema', 'const', 'anyOf', 'oneOf', 'propertyNames', 'default']) {
        assert.ok(!(key in schema), `${where}: ${key}`);
      }
      assert.notEqual(schema.additionalProperties, false, where);
      const isAny =
        schema['x-kubernetes-preserve-unknown-fields'] === true || schema['x-kubernetes-int-or-string'] === true;
      assert.ok(typeof schema.type === 'string' || isAny, `${where}: no type`);
    }
  }
});

test('documents are YAML that YAML 1.1 reads the same', () => {
  const documents = [{ a: 'on' }, { b: 'y', c: '1e3', d: ['0x10'] }];
  const texts = manifestText(documents).split('---\n');
  assert.deepEqual(
    texts.map((text) => parse(text, { version: '1.1' })),
    documents,
  );
});

test('keys have a place in a cluster, or none; of two entries of history the later one counts', () => {
  assert.equal(placeOfKey('accepted')?.folder.kind, 'Acceptance');
  assert.equal(placeOfKey('history/1-Host_9')?.name, '1-host-9');
  assert.equal(placeOfKey('elsewhere/x'), null);
  const object = {
    metadata: { name: 'x', annotations: { 'weir.dev/change': '{"name":"2-a","entry":{"n":2}}' } },
    status: { lastChange: '{"name":"3-a","entry":{"n":3}}' },
  };
  assert.deepEqual(changeIn(object), { name: '3-a', entry: { n: 3 } });
  assert.equal(changeIn({ metadata: { name: 'x', annotations: { 'weir.dev/change': 'torn' } } }), null);
});
