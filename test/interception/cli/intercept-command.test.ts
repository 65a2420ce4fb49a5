/** The base class of the commands about traffic: its host, mesh.yaml, and the lines of a switch. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseEnvelope } from '../../contract/envelope-schema.ts';
import { KEEP_COMPILED, PROJECT_ROOT, runNode } from '../../run-weir.ts';
import { MESH_TEXT } from '../cases.ts';

const MODULE = JSON.stringify(new URL('../../../src/interception/cli/intercept-command.ts', import.meta.url).href);

/** Runs a command whose `execute` has this body, with the folders of a test. */
async function run(t: TestContext, body: string, mesh: string | null, ...args: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'weir-intercept-command-'));
  t.after(() => rmSync(folder, { recursive: true }));
  if (mesh !== null) writeFileSync(join(folder, 'mesh.yaml'), mesh);
  const script = `
    import { Config } from '@oclif/core/config';
    import { existingFlags, InterceptCommand } from ${MODULE};
    class Probe extends InterceptCommand {
      static id = 'probe';
      static flags = existingFlags;
      async execute() { ${body} }
    }
    const config = await Config.load({ root: ${JSON.stringify(PROJECT_ROOT)} });
    process.exit(await new Probe(process.argv.slice(1), config).run());
  `;
  const places = [
    '--config',
    join(folder, 'mesh.yaml'),
    '--run-dir',
    join(folder, 'r'),
    '--state-dir',
    join(folder, 's'),
  ];
  return await runNode(['--input-type=module', '-e', script, '--', ...args, ...places], KEEP_COMPILED);
}

test('the host works in the folders of the flags, and its warnings are the command’s', async (t) => {
  const body = `
    const host = await this.host();
    const { path } = host.panicFile;
    const lock = await host.takeLock('probe', 0, () => {});
    await lock.release();
    return { result: { path, state: (await host.store.read()).state, flags: this.flags.existing + this.flags.drain }, text: () => '' };`;
  const { code, stdout } = await run(t, body, null, '--json', '--drain', '2s');
  assert.equal(code, 0, stdout);
  const { result } = parseEnvelope(stdout);
  const { path, state, flags } = result as { path: string; state: unknown; flags: string };
  assert.match(path, /\/r\/off\.sh$/);
  assert.deepEqual([state, flags], [null, 'drain2000']);
});

test('mesh.yaml is wanted whole, or gone without where it need not be', async (t) => {
  const apps = 'return { result: [...(await this.meshConfig()).apps.keys()], text: () => "" };';
  assert.deepEqual(parseEnvelope((await run(t, apps, MESH_TEXT, '--json')).stdout).result, ['payment', 'report']);
  const broken = await run(t, apps, 'apiVersion: [', '--json');
  assert.deepEqual([broken.code, parseEnvelope(broken.stdout).ok], [2, false]);
  const ifGood = 'return { result: await this.meshConfigIfGood(), text: () => "" };';
  const { code, stdout } = await run(t, ifGood, null, '--json');
  const { result, warnings } = parseEnvelope(stdout);
  assert.deepEqual([code, result], [0, null]);
  assert.match(String(warnings), /^going on without mesh\.yaml: .*mesh\.yaml/);
});

test('what a switch does is told on stderr', async (t) => {
  const body = `
    this.report({ step: 'draining', left: 3, secondsLeft: 12 });
    this.report({ step: 'preflight', apps: ['payment'] });
    return { result: {}, text: () => '' };`;
  const { code, stderr } = await run(t, body, null);
  assert.deepEqual([code, stderr], [0, 'draining: 3 connections left, the rest is cut in 12 s\n']);
});

test('a namespace that is not there is refused before anything is done', async (t) => {
  const { code, stdout } = await run(t, 'throw new Error("done");', null, '--json', '--netns', 'no-such-namespace');
  assert.deepEqual([code, parseEnvelope(stdout).error?.code], [2, 'WEIR1005']);
});
