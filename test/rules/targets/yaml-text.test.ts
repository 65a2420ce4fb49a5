/** Printed YAML, read by a YAML 1.1 reader. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { YamlDouble, type YamlValue } from '../../../src/rules/models/yaml-scalar.ts';
import { readYamlDocuments } from '../../../src/rules/models/yaml-value.ts';
import { printYaml, YamlFloat } from '../../../src/rules/targets/yaml-text.ts';

function reread(tree: Parameters<typeof printYaml>[0]): YamlValue | undefined {
  const reading = readYamlDocuments(printYaml(tree));
  assert.ok(reading.ok, JSON.stringify(reading));
  return reading.documents[0];
}

describe('YAML that is printed', () => {
  it('keeps every text and key, whatever a YAML 1.1 reader would make of it bare', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.constantFrom('yes', '012', '6.10', 'null', '~', '2024-01-01', "it's", 'a: b', '#x', ''),
        ),
        (text) => {
          fc.pre(text.isWellFormed());
          const map = reread({ value: text, [`k${text}`]: 'x', list: [text, { exact: text }] });
          assert.ok(map instanceof Map);
          assert.equal(map.get('value'), text);
          assert.equal(map.get(`k${text}`), 'x');
        },
      ),
    );
  });

  it('prints a float so that it is read as a Double', () => {
    for (const value of [6, -0, 0.1, 1e21, 1e-7, Number.NEGATIVE_INFINITY, 2 ** 53]) {
      const map = reread({ value: new YamlFloat(value) });
      const read = map instanceof Map ? map.get('value') : undefined;
      assert.ok(read instanceof YamlDouble, String(value));
      assert.ok(Object.is(read.value, value), `${read.value} for ${value}`);
    }
  });
});
