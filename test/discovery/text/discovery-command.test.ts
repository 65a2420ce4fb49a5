/** The base class of the discovery commands: mesh.yaml of the flags, with its registries. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseEnvelope } from '../../contract/envelope-schema.ts';
import { KEEP_COMPILED, PROJECT_ROOT, runNode } from '../../run-weir.ts';

const MODULE = JSON.stringify(new URL('../../../src/discovery/text/discovery-command.ts', import.meta.url).href);
const APPS = 'sidecars: {main: {user: 1, outbound: 15001, admin: "unix:/a.sock"}}\napps: {}\n';

/** Runs a command that shows what it knows of mesh.yaml. */
async function shown(t: TestContext, mesh: string) {
  const folder = mkdtempSync(join(tmpdir(), 'weir-discovery-command-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'mesh.yaml'), mesh);
  const script = `
    import { Config } from '@oclif/core/config';
    import { DiscoveryCommand } from ${MODULE};
    class Probe extends DiscoveryCommand {
      static id = 'probe';
      async execute() {
        const { registries, sidecars } = await this.mesh();
        const result = {
          registries: registries.map(({ name }) => name),
          sidecars: [...sidecars.keys()],
          reads: typeof this.registries.readRegistry + typeof this.registries.followRegistry + typeof this.clock.now(),
        };
        return { result, text: () => '' };
      }
    }
    const config = await Config.load({ root: ${JSON.stringify(PROJECT_ROOT)} });
    process.exit(await new Probe(process.argv.slice(1), config).run());
  `;
  const args = ['--json', '--config', join(folder, 'mesh.yaml')];
  return await runNode(['--input-type=module', '-e', script, '--', ...args], KEEP_COMPILED);
}

test('registries are those that discovery names, in its order, beside the sidecars', async (t) => {
  const { stdout } = await shown(
    t,
    `apiVersion: weir.dev/v1
registries: {hz: {zookeeper: ["127.0.0.1:2181"]}, sh: {zookeeper: ["127.0.0.1:2182"]}, spare: {zookeeper: ["127.0.0.1:2183"]}}
discovery: {registries: [sh, hz]}
${APPS}`,
  );
  assert.deepEqual(parseEnvelope(stdout).result, {
    registries: ['sh', 'hz'],
    sidecars: ['main'],
    reads: 'functionfunctionnumber',
  });
});

test('a mesh.yaml without discovery, or with a mistake, ends with 2', async (t) => {
  const none = await shown(t, `apiVersion: weir.dev/v1\n${APPS}`);
  assert.deepEqual([none.code, parseEnvelope(none.stdout).error?.code], [2, 'WEIR6001']);
  assert.equal((await shown(t, 'apiVersion: [')).code, 2);
});
