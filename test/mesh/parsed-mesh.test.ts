/** mesh.yaml as kept after parsing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EXAMPLE_MESH_YAML } from '../../src/mesh/example-mesh.ts';
import { parseMeshConfig } from '../../src/mesh/parse-mesh.ts';
import { decodeParsedMesh, encodeParsedMesh } from '../../src/mesh/parsed-mesh.ts';
import { GATE_SEED } from '../seed.ts';
import { writtenMesh } from './arbitrary-mesh.ts';

const FROM = { source: EXAMPLE_MESH_YAML, build: 'one' };

function kept(): string {
  const parsed = parseMeshConfig(EXAMPLE_MESH_YAML, 'mesh.yaml');
  assert.ok('config' in parsed);
  return encodeParsedMesh(parsed.config, FROM);
}

test('what is kept of any config is that config, under the name that is asked for', () => {
  fc.assert(
    fc.property(writtenMesh, ({ yaml }) => {
      const parsed = parseMeshConfig(yaml, 'mesh.yaml');
      assert.ok('config' in parsed);
      const from = { source: yaml, build: 'one' };
      const text = encodeParsedMesh(parsed.config, from);
      assert.deepEqual(decodeParsedMesh(text, from, 'mesh.yaml'), parsed.config);
      assert.equal(decodeParsedMesh(text, from, 'other.yaml')?.file, 'other.yaml');
    }),
    { numRuns: 60, seed: GATE_SEED },
  );
});

test('registries and discovery are kept too', () => {
  const yaml = `${EXAMPLE_MESH_YAML}registries:
  east: {zookeeper: [zk1:2181]}
discovery: {registries: [east]}
`;
  const parsed = parseMeshConfig(yaml, 'mesh.yaml');
  assert.ok('config' in parsed && parsed.config.discovery !== undefined, JSON.stringify(parsed));
  const from = { source: yaml, build: 'one' };
  assert.deepEqual(decodeParsedMesh(encodeParsedMesh(parsed.config, from), from, 'mesh.yaml'), parsed.config);
});

test('the nodes of a registry are absolute, however the file writes their slashes', () => {
  const roots = ['my/dubbo', '/my/dubbo', 'my/dubbo/', '/my/dubbo/'].map((written) => [written, '/my/dubbo']);
  // Dubbo's group `/`: interfaces and instances lie below the root of the tree.
  for (const [written, root] of [...roots, ['/', '']]) {
    const yaml = `${EXAMPLE_MESH_YAML}registries: {east: {zookeeper: [zk1:2181], root: ${written}, services: ${written}}}\ndiscovery: {registries: [east]}\n`;
    const parsed = parseMeshConfig(yaml, 'mesh.yaml');
    assert.ok('config' in parsed, JSON.stringify(parsed));
    const east = parsed.config.registries?.get('east');
    assert.deepEqual(east?.kind === 'zookeeper' && [east.root, east.services], [root, root]);
  }
  for (const root of ['//', 'a//b', '""']) {
    const yaml = `${EXAMPLE_MESH_YAML}registries: {east: {zookeeper: [zk1:2181], root: ${root}}}\ndiscovery: {registries: [east]}\n`;
    assert.ok('errors' in parseMeshConfig(yaml, 'mesh.yaml'), root);
  }
});

test('members of small clusters are checked where calls prefer a unit, and where the file says so', () => {
  const healthOf = (keys: string) => {
    const yaml = `${EXAMPLE_MESH_YAML}registries: {east: {zookeeper: [zk1:2181]}}\ndiscovery: {registries: [east]${keys}}\n`;
    const parsed = parseMeshConfig(yaml, 'mesh.yaml');
    assert.ok('config' in parsed, JSON.stringify(parsed));
    return parsed.config.discovery?.health;
  };
  assert.equal(healthOf(''), null);
  assert.equal(healthOf(', unit: {label: unit, own: a}'), null);
  assert.deepEqual(healthOf(', unit: {label: unit, own: a, mode: prefer}'), { most: 20, intervalMs: 1_000 });
  assert.deepEqual(healthOf(', health: {most: 5, interval: 3s}'), { most: 5, intervalMs: 3_000 });
  assert.equal(healthOf(', health: {most: 0}, unit: {label: unit, own: a, mode: prefer}'), null);
});

test('another byte of the file, or another build of weir, is another file', () => {
  const text = kept();
  assert.notEqual(decodeParsedMesh(text, FROM, 'mesh.yaml'), null);
  assert.equal(decodeParsedMesh(text, { ...FROM, source: `${EXAMPLE_MESH_YAML} ` }, 'mesh.yaml'), null);
  const renumbered = EXAMPLE_MESH_YAML.replace('20880', '20881');
  assert.equal(decodeParsedMesh(text, { ...FROM, source: renumbered }, 'mesh.yaml'), null);
  assert.equal(decodeParsedMesh(text, { ...FROM, build: 'two' }, 'mesh.yaml'), null);
});

test('no half of it, and none with another byte, is believed', () => {
  const text = kept();
  const isBelieved = (changed: string): boolean => {
    const config = decodeParsedMesh(changed, FROM, 'mesh.yaml');
    return config !== null;
  };
  for (let length = 0; length < text.length; length += 7) assert.equal(isBelieved(text.slice(0, length)), false);
  assert.equal(isBelieved(text.slice(0, -1)), false);
  for (let at = 0; at < text.length; at += 5) {
    const other = text[at] === '7' ? '8' : '7';
    assert.equal(isBelieved(text.slice(0, at) + other + text.slice(at + 1)), false, `byte ${at}`);
  }
  for (const strange of ['', '\n', 'null\n{}\n', '[]\n{}\n', '{"form":2}\n{}\n', `${text}${text}`, `x${text}`])
    assert.equal(isBelieved(strange), false, JSON.stringify(strange.slice(0, 20)));
});
