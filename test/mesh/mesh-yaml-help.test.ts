/** The page `weir help mesh-yaml`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXAMPLE_MESH_YAML } from '../../src/mesh/example-mesh.ts';
import { fallbackText, meshYamlHelp } from '../../src/mesh/text/mesh-yaml-help.ts';

const help = meshYamlHelp();

test('the help on mesh.yaml holds a whole example', () => {
  for (const line of EXAMPLE_MESH_YAML.trimEnd().split('\n')) assert.ok(help.includes(`    ${line}\n`), line);
});

test('the help explains every key once, with what it takes and its default', () => {
  for (const key of [
    'apiVersion',
    'sidecars.NAME.admin',
    'apps.NAME.select.slice',
    'apps.NAME.outbound.exclude.cidrs',
  ]) {
    assert.equal(help.match(new RegExp(`^${key.replaceAll('.', '\\.')}( \\*)?$`, 'gm'))?.length, 1, key);
  }
  assert.match(help, /^apps\.NAME\.inbound\.\*\n {4}The same keys as below apps\.NAME\.outbound\.$/m);
  assert.match(help, /^sidecars\.NAME\.drain\n(?: {4}.+\n)*? {4}.*15s.*\n/m);
  assert.doesNotMatch(help, /\[object|Left out: \{/);
  assert.match(
    help.replaceAll('\n    ', ' '),
    /they fail until it is back\. Accepts direct or deny\. Left out: direct\./,
  );
});

test('the explanations fit a terminal of 80 columns', () => {
  const tooWide = help.split('\n').filter((line) => line.length > 80 && !EXAMPLE_MESH_YAML.includes(line.trim()));
  assert.deepEqual(tooWide, []);
});

test('a default that is no single word is written as mesh.yaml takes it', () => {
  assert.deepEqual(
    [fallbackText('15s'), fallbackText(['a']), fallbackText({ most: 3 })],
    ['15s', '["a"]', '{"most":3}'],
  );
});
