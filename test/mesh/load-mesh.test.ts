/** Everything that is wrong with a mesh.yaml, at once. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WeirError } from '../../src/errors/weir-error.ts';
import { loadMesh } from '../../src/mesh/load-mesh.ts';
import { parseMeshConfig } from '../../src/mesh/parse-mesh.ts';

const USERS: Readonly<Record<string, number>> = { envoy: 990, pay: 1001, alias: 1001, shop: 1002 };

async function mistakes(yaml: string): Promise<string[]> {
  const load = loadMesh('mesh.yaml', {
    readText: async () => yaml,
    parse: async (source, file) => parseMeshConfig(source, file),
    lookup: async () => ({ user: (name) => USERS[name], group: () => undefined }),
  });
  const error: unknown = await load.then(
    () => null,
    (thrown) => thrown,
  );
  if (error === null) return [];
  assert.ok(error instanceof WeirError && error.code === 'WEIR1020');
  const { problems } = error.details as { problems: { line: number; what: string }[] };
  return problems.map(({ line, what }) => `${line} ${what}`);
}

const HEAD = `apiVersion: weir.dev/v1
sidecars:
  main: {user: envoy, outbound: 15001, admin: "unix:/a"}
apps:
`;

/** Faults by the line that has them; none hides another one. */
const FAULTS: Readonly<Record<string, RegExp>> = {
  'a: {select: {user: nobody8}, sidecar: main}': /no user nobody8/,
  'b: {select: {user: nobody9}, sidecar: main, leese: 3s}': /nobody9|leese/,
  'c: {select: {user: 5}, sidecar: mian}': /no sidecar "mian"/,
  'd: {select: {user: envoy}, sidecar: main, onFailure: maybe}': /sidecar main runs as|onFailure/,
  'e: {select: {user: pay}, sidecar: main}': /^$/,
  'f: {select: {user: alias}, sidecar: main, outbound: 7}': /belongs to apps\.e|outbound/,
  'g: {select: {group: nogroup9}, sidecar: main}': /no group nogroup9/,
  'h: {select: {user: nobody8}, sidecar: main}': /no user nobody8|nobody8 belongs to apps\.a/,
};

describe('the mistakes of a mesh.yaml', () => {
  it('are told all at once, each with its line', async () => {
    const lines = Object.keys(FAULTS);
    const found = await mistakes(HEAD + lines.map((line) => `  ${line}\n`).join(''));
    for (const [index, line] of lines.entries()) {
      const pattern = FAULTS[line] ?? /./;
      const own = found.filter((one) => one.startsWith(`${index + 5} `));
      const wanted = pattern.source === '^$' ? 0 : pattern.source.split('|').length;
      assert.equal(own.length, wanted, `${line}\n${found.join('\n')}`);
      for (const one of own) assert.match(one, pattern);
    }
    assert.ok(
      found.every((one) => !one.includes('(-')),
      found.join('\n'),
    );
  });

  it('are the same whether another line is broken or not', async () => {
    const lines = Object.keys(FAULTS).filter((line) => !/^[aeg]/.test(line));
    for (const kept of lines) {
      const alone = await mistakes(`${HEAD}  e: {select: {user: pay}, sidecar: main}\n  ${kept}\n`);
      const beside = await mistakes(
        `${HEAD}  e: {select: {user: pay}, sidecar: main}\n  ${kept}\n  z: {select: {user: 9}, sidecar: main, odd: 1}\n`,
      );
      assert.deepEqual(
        beside.filter((one) => !one.startsWith('7 ')),
        alone,
      );
    }
  });

  it('are none in a file without any', async () => {
    assert.deepEqual(await mistakes(`${HEAD}  e: {select: {users: [pay, alias]}, sidecar: main}\n`), []);
  });
});
