/** `weir off` without the command framework, on stand-ins for the firewall tools. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createStateStore } from '../../../src/interception/adapters/state-store.ts';
import type { StoredState } from '../../../src/interception/stored-state.ts';
import { ownNamespace } from '../../../src/platform/namespace-id.ts';
import { parseEnvelope } from '../../contract/envelope-schema.ts';
import { fakePath } from '../../fakes/fake-path.ts';
import { KEEP_COMPILED, runNode } from '../../run-weir.ts';
import { sampleState } from '../adapters/stored-state-sample.ts';

const PROBE = fileURLToPath(new URL('./quick-off-probe.ts', import.meta.url));
const NO_TABLE = `case "$*" in *list*) echo 'Error: No such file or directory' >&2; exit 1;; esac; cat >>"$HERE/fed"`;

/** A host on which `payment` is remembered as on; nft has none of its rules, or refuses everything. */
async function hostWith(t: TestContext, nft = NO_TABLE, state: Partial<StoredState> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'weir-quick-off-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const stateDir = join(folder, 'state');
  await createStateStore(stateDir).write({ ...sampleState(), namespace: ownNamespace(), ...state });
  const none = { conntrack: 'exit 0', ss: 'exit 0', 'iptables-nft': 'exit 1', 'iptables-legacy': 'exit 1' };
  const tools = fakePath(t, { nft, ...none });
  const places = ['--run-dir', join(folder, 'run'), '--state-dir', stateDir, '--config', join(folder, 'none.yaml')];
  const off = (...args: string[]) => runNode([PROBE, 'off', ...args, ...places], KEEP_COMPILED);
  return { off, stateDir, tools };
}

test('the switch is made before anything else, and the rest is carried out in the words of the command', async (t) => {
  const { off, tools, stateDir } = await hostWith(t);
  const { code, stdout, stderr } = await off('payment', '--existing', 'keep');
  assert.equal(code, 0, stdout + stderr);
  // The kernel was read back, and the stand-in shows none of its rules.
  assert.equal(stdout, 'payment: is off already\n');
  const fed = readFileSync(join(tools, 'fed'), 'utf8');
  assert.match(fed, /^add element inet weir off \{ 0x57000110 comment "weir\/v1 app=payment by=operator" \}\n/);
  const { apps } = JSON.parse(readFileSync(join(stateDir, 'state.json'), 'utf8'));
  assert.equal(apps[0].desired, 'off');
});

test('with --json it is one envelope', async (t) => {
  const { off } = await hostWith(t);
  const { code, stdout } = await off('--all', '--json', '--existing', 'keep');
  const { ok, result } = parseEnvelope(stdout);
  assert.deepEqual([code, ok], [0, true]);
  assert.deepEqual(
    (result as { apps: { name: string }[] }).apps.map(({ name }) => name),
    ['payment'],
  );
});

test('a firewall that refuses is an error with its exit code, and no word of direct', async (t) => {
  const { off } = await hostWith(t, 'echo "Operation not permitted" >&2; exit 1');
  const { code, stdout, stderr } = await off('payment');
  assert.equal(code, 3, stdout + stderr);
  assert.doesNotMatch(stdout, /direct/);
  assert.match(stderr, /Operation not permitted/);
});

test('a line that it does not read, and a state of another namespace, are left to the command', async (t) => {
  const { off, tools, stateDir } = await hostWith(t);
  assert.equal((await off('--help')).stdout, 'not begun\n');
  writeFileSync(join(stateDir, 'state.json'), JSON.stringify({ ...sampleState(), namespace: { id: '4:1', boot: '' } }));
  assert.equal((await off('payment')).stdout, 'not begun\n');
  assert.ok(!existsSync(join(tools, 'fed')));
});
