/** The quick reader of printed documents, beside the reader of all of YAML. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { readPrintedYaml } from '../../../src/rules/models/printed-yaml.ts';
import { readWholeYaml } from '../../../src/rules/models/yaml-value.ts';
import { printYaml, YamlCommented, YamlFloat, type YamlTree } from '../../../src/rules/targets/yaml-text.ts';
import { GATE_SEED } from '../../seed.ts';

const FOLDER = join(import.meta.dirname, '../../fixtures/rules/documents');
const golden = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.dubbo-mesh.yaml'))
  .map((name) => readFileSync(join(FOLDER, name), 'utf8'))
  .filter((text) => !text.includes('\n# no documents'));

/** Fails where the quick reader takes a text that the other one refuses, or reads otherwise. Whether it took the text. */
function isReadAlike(text: string): boolean {
  const quick = readPrintedYaml(text);
  if (quick === null) return false;
  assert.deepEqual({ ok: true, documents: quick }, readWholeYaml(text), text);
  return true;
}

const words = fc.constantFrom('yes', 'n', '012', '6.10', 'null', '~', "it's", 'a: b', '#x', '', 'exact', '- a', '{b}');
const scalar: fc.Arbitrary<YamlTree> = fc.oneof(
  words,
  fc.string(),
  fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.double().map((value) => new YamlFloat(value)),
);
const { tree } = fc.letrec<{ tree: YamlTree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.dictionary(fc.oneof(words, fc.string()), tie('tree'), { maxKeys: 4, noNullPrototype: true }),
    fc.array(
      fc.oneof(
        tie('tree'),
        tie('tree').map((item) => new YamlCommented(['from line 3: it', 'a # b'], item)),
      ),
      { maxLength: 4 },
    ),
  ),
}));
const documents = fc
  .array(fc.dictionary(fc.oneof(words, fc.string()), tree, { minKeys: 1, maxKeys: 4, noNullPrototype: true }), {
    minLength: 1,
    maxLength: 3,
  })
  .map((trees) => trees.map(printYaml).join('---\n'));

describe('the quick reader of printed YAML', () => {
  it('takes every golden document', () => {
    assert.ok(golden.length > 0);
    for (const text of golden) assert.ok(isReadAlike(text), text);
  });

  it('reads printed trees as the reader of all of YAML does', () => {
    let taken = 0;
    fc.assert(
      fc.property(documents, (text) => {
        if (isReadAlike(text)) taken += 1;
      }),
      { seed: GATE_SEED, numRuns: 500 },
    );
    assert.ok(taken > 100, `${taken} of 500`);
  });

  it('reads no changed text otherwise: it is read alike, or left to the other reader', () => {
    const piece = fc.oneof(
      fc.constantFrom('', 'x', '7', '  ', "'x'", '\n', '\n  ', "\n  - 'x'\n", '\nx: {y: 7.0}\n', '# x'),
      fc.constantFrom(...' \'"{}[],:#-\n\t\r&*!|>%@`?~.0a'),
      fc.constantFrom('\n---\n', '\n...\n', '- ', ': ', ' #', '<<: ', '  ', 'yes', '\ufeff', '\u0085', '\u2028', "''"),
    );
    const change = fc.record({ at: fc.integer({ min: 0, max: 9999 }), cut: fc.nat(2), piece });
    const source = fc.oneof(documents, { arbitrary: fc.constantFrom(...golden), weight: 4 });
    let taken = 0;
    fc.assert(
      fc.property(source, fc.array(change, { minLength: 1, maxLength: 2 }), (text, changes) => {
        let changed = text.slice(0, text.lastIndexOf('\n', 3000) + 1);
        for (const { at, cut, piece: put } of changes) {
          const place = Math.floor((at * changed.length) / 10_000);
          changed = changed.slice(0, place) + put + changed.slice(place + cut);
        }
        if (isReadAlike(changed)) taken += 1;
      }),
      { seed: GATE_SEED, numRuns: 3000 },
    );
    assert.ok(taken > 300, `${taken} of 3000`);
  });

  it('leaves other forms of YAML to the other reader', () => {
    for (const text of ['a: b\n', 'a: |\n  b\n', "a:\n- 'b'\n", "&x a: 'b'\n", "a: 'b' # c\n", "a:\tb: 'c'\n"])
      assert.equal(readPrintedYaml(text), null, text);
  });
});
