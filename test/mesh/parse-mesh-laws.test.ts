/** Laws of the parser on arbitrary files. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { EXAMPLE_MESH_YAML } from '../../src/mesh/example-mesh.ts';
import { parseMeshConfig } from '../../src/mesh/parse-mesh.ts';
import { writtenMesh } from './arbitrary-mesh.ts';
import { MISTAKE_GROUPS } from './mistakes/mistake-golden.ts';

/** A config without the places where its parts stand. */
function withoutPositions(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPositions);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => key !== 'position');
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutPositions(inner)]));
}

/** The parser must answer, whatever the text: a config, or problems that name a place in the text. */
function assertAnswers(text: string): void {
  const parsed = parseMeshConfig(text, 'mesh.yaml');
  if ('config' in parsed) return;
  assert.ok(parsed.errors.length > 0);
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  for (const { file, line, column, length, source, what, why, hint } of parsed.errors) {
    assert.equal(file, 'mesh.yaml');
    const whole = lines[line - 1];
    assert.ok(whole !== undefined, `no line ${line}`);
    assert.equal(source, whole.replace(/\r+$/, ''));
    assert.ok(
      column >= 1 && column <= whole.length + 1 && length >= 1,
      `${line}:${column}+${length} in ${JSON.stringify(whole)}`,
    );
    for (const part of [what, why, hint]) {
      assert.match(part, /\S/);
      assert.doesNotMatch(part, /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
    }
  }
}

test('whatever way a config is written, its meaning is read', () => {
  fc.assert(
    fc.property(writtenMesh, ({ yaml, meaning }) => {
      const parsed = parseMeshConfig(yaml, 'mesh.yaml');
      assert.ok('config' in parsed, 'errors' in parsed ? `${parsed.errors[0]?.what} in\n${yaml}` : '');
      const { sidecars, apps } = parsed.config;
      assert.deepEqual(withoutPositions({ sidecars: [...sidecars.values()], apps: [...apps.values()] }), meaning);
    }),
    { numRuns: 100 },
  );
});

test('any text is answered', () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));
  fc.assert(fc.property(text, assertAnswers), { numRuns: 300 });
});

test('any soup of YAML tokens is answered', () => {
  const tokens = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    ': ',
    '- ',
    '? ',
    '&a ',
    '*a',
    '!t ',
    '|',
    '>',
    '"',
    "'",
    '#',
    '%',
    '---',
    '...',
    '\n',
    '\n  ',
    '\t',
    '\r\n',
    '~',
    'a',
    '1',
    '<<',
    'apps',
    'sidecars',
    '__proto__',
    '\uFEFF',
    '\\',
  ];
  const soup = fc.array(fc.constantFrom(...tokens), { maxLength: 40 }).map((parts) => parts.join(''));
  fc.assert(fc.property(soup, assertAnswers), { numRuns: 300 });
});

test('any slip in a valid file is answered', () => {
  const slip = fc.tuple(
    fc.nat(EXAMPLE_MESH_YAML.length),
    fc.nat(12),
    fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('\n', '\t', ': ', '{', '- ')),
  );
  fc.assert(
    fc.property(fc.array(slip, { minLength: 1, maxLength: 3 }), (slips) => {
      const text = slips.reduce(
        (before, [at, cut, added]) => before.slice(0, at) + added + before.slice(at + cut),
        EXAMPLE_MESH_YAML,
      );
      assertAnswers(text);
    }),
    { numRuns: 300 },
  );
});

test('any data in the place of any other is answered', () => {
  const key = fc.constantFrom(
    'apiVersion',
    'sidecars',
    'apps',
    'main',
    'select',
    'user',
    'users',
    'admin',
    'outbound',
    'ports',
    'exclude',
    'notify',
    '__proto__',
    'constructor',
  );
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 6, withCrossShrink: true },
      fc.constantFrom('weir.dev/v1', 'main', 'unix:/a', 15001, null, true, false, 1.5),
      fc.dictionary(key, tie('tree'), { maxKeys: 5 }),
      fc.array(tie('tree'), { maxLength: 3 }),
    ),
  }));
  fc.assert(
    fc.property(tree, (data) => assertAnswers(stringify(data))),
    { numRuns: 300 },
  );
});

test('every known mistake keeps the same laws', () => {
  for (const { yaml } of Object.values(MISTAKE_GROUPS).flat()) assertAnswers(yaml);
});

const SIZE = 60_000;
const HEAVY: Readonly<Record<string, string>> = {
  'opening brackets': '['.repeat(SIZE),
  'closing brackets': ']'.repeat(SIZE / 4),
  dashes: '- '.repeat(SIZE / 2),
  'commas in a list': `[${','.repeat(SIZE / 4)}`,
  'different keys': Array.from({ length: SIZE / 10 }, (_, index) => `k${index}: 1\n`).join(''),
  'one key again and again': 'apps: {}\n'.repeat(SIZE / 9),
  'aliases of one anchor': `a: &a 1\nb: [${'*a,'.repeat(SIZE / 3)}]\n`,
  'a chain of aliases': Array.from(
    { length: SIZE / 20 },
    (_, index) => `a${index}: &a${index} [*a${index - 1}]\n`,
  ).join(''),
  documents: '---\n'.repeat(SIZE / 4),
  'one long line': `apiVersion: ${'x'.repeat(SIZE)}`,
  'one long key': `${'x'.repeat(SIZE)}: 1`,
  'unknown sidecars': `sidecars: {}\napps:\n${Array.from({ length: SIZE / 60 }, (_, index) => `  a${index}: {select: {user: u${index}}, sidecar: nosuch${index}}\n`).join('')}`,
  'sidecars on one port': `sidecars:\n${Array.from({ length: SIZE / 60 }, (_, index) => `  s${index}: {user: u, outbound: 1, admin: "unix:/${index}"}\n`).join('')}`,
};

for (const [name, text] of Object.entries(HEAVY)) {
  // Each takes well under a second; what grows with the square of the length would take minutes.
  test(`a large file of ${name} is answered in time`, { timeout: 30_000 }, () => {
    const parsed = parseMeshConfig(text, 'mesh.yaml');
    assert.ok('errors' in parsed && parsed.errors.length > 0);
  });
}
