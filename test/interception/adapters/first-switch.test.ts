/** The switch of `weir off` from the state file alone, on stand-ins for the firewall tools. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readStateOfHere, switchFirst } from '../../../src/interception/adapters/first-switch.ts';
import { createStateStore } from '../../../src/interception/adapters/state-store.ts';
import type { StoredState } from '../../../src/interception/stored-state.ts';
import { ownNamespace } from '../../../src/platform/namespace-id.ts';
import { fakePath } from '../../fakes/fake-path.ts';
import { sampleState } from './stored-state-sample.ts';

const TOOLS = ['nft', 'iptables-nft-restore', 'ip6tables-nft-restore', 'iptables-legacy-restore'];

/** A state directory, and tools that take down what they are told. */
async function remembered(t: TestContext, change: Partial<StoredState> = {}, tool = 'exit 0') {
  const stateDir = mkdtempSync(join(tmpdir(), 'weir-first-switch-'));
  t.after(() => rmSync(stateDir, { recursive: true }));
  await createStateStore(stateDir).write({ ...sampleState(), namespace: ownNamespace(), ...change });
  const take = `{ echo "$@"; cat; } >"$HERE/$(basename "$0").told"; ${tool}`;
  const folder = fakePath(t, Object.fromEntries(TOOLS.map((name) => [name, take])));
  const told = (name: string) => {
    const file = join(folder, `${name}.told`);
    return existsSync(file) ? readFileSync(file, 'utf8') : null;
  };
  const waits: string[] = [];
  const run = async (apps: readonly string[] | 'all', mayGo: Promise<void> | null = null) => {
    const seen = readStateOfHere(stateDir);
    return seen === null
      ? null
      : await switchFirst({ state: seen.state, apps, mayGo, onWait: (text) => waits.push(text) });
  };
  return { stateDir, told, run, waits };
}

test('nft: one run adds the operator’s switch of every application, outbound and inbound', async (t) => {
  const { run, told } = await remembered(t);
  const { names, ms = -1 } = (await run(['payment'])) ?? {};
  assert.deepEqual(names, ['payment']);
  assert.ok(ms >= 0);
  assert.equal(
    told('nft'),
    '-f -\nadd element inet weir off { 0x57000110 comment "weir/v1 app=payment by=operator" }\n',
  );
});

test('iptables: one run a family in which the application is on, with its lock', async (t) => {
  const { run, told } = await remembered(t, { backend: 'iptables-nft' });
  assert.deepEqual((await run('all'))?.names, ['payment']);
  const text = told('iptables-nft-restore') ?? '';
  assert.match(text, /^--noflush -w 25\n\*nat\n-I WEIR_O_0001 1 .*by=operator.* -j RETURN\nCOMMIT\n$/);
  assert.equal(told('ip6tables-nft-restore'), null);
});

test('nothing is done, and null is said, where the state file does not know all of it', async (t) => {
  const { run, told, stateDir } = await remembered(t);
  assert.equal(await run(['payment', 'report']), null);
  assert.equal(await run([]), null);
  const states: [string, unknown][] = [
    ['off', { ...sampleState(), namespace: ownNamespace(), apps: [{ ...sampleState().apps[0], desired: 'off' }] }],
    ['another namespace', sampleState()],
    ['no namespace', { ...sampleState(), namespace: null }],
    ['a later weir', { ...sampleState(), namespace: ownNamespace(), version: 2 }],
    ['no back end', { ...sampleState(), namespace: ownNamespace(), backend: null }],
    ['torn', '{"version":1,'],
  ];
  for (const [what, state] of states) {
    writeFileSync(join(stateDir, 'state.json'), typeof state === 'string' ? state : JSON.stringify(state));
    assert.equal(await run('all'), null, what);
  }
  rmSync(join(stateDir, 'state.json'));
  assert.equal(await run('all'), null);
  assert.equal(told('nft'), null);
});

test('a tool that refuses, or is missing, is no switch', async (t) => {
  const { run } = await remembered(t, {}, 'exit 1');
  assert.equal(await run('all'), null);
});

test('iptables-legacy: while another program has its lock, that one is named at once, and only the tool knows the end', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-lock-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'xtables.lock');
  const holder = spawn('flock', ['--no-fork', file, 'sh', '-c', 'echo held; read end'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  await once(holder.stdout, 'data');
  process.env.XTABLES_LOCKFILE = file;
  t.after(() => {
    delete process.env.XTABLES_LOCKFILE;
  });
  const { run, waits } = await remembered(t, { backend: 'iptables-legacy' }, 'exit 4');
  assert.equal(await run('all'), null);
  assert.deepEqual(waits, [`waiting for the xtables lock, which sh (process ${holder.pid}) holds`]);
  holder.stdin.end();
  await once(holder, 'close');
  const later = await remembered(t, { backend: 'iptables-legacy' });
  assert.deepEqual((await later.run('all'))?.names, ['payment']);
  assert.deepEqual(later.waits, []);
});

test('the tools are fed only when they may go', async (t) => {
  const { run, told } = await remembered(t);
  const { promise: mayGo, resolve } = Promise.withResolvers<void>();
  const switched = run('all', mayGo);
  await new Promise((done) => setTimeout(done, 50));
  assert.doesNotMatch(told('nft') ?? '', /add element/);
  resolve();
  assert.deepEqual((await switched)?.names, ['payment']);
  assert.match(told('nft') ?? '', /add element/);
});

test('a state of another namespace or boot, or of which that is not said, is not taken', async (t) => {
  const { stateDir } = await remembered(t);
  assert.equal(readStateOfHere(stateDir)?.state.apps[0]?.name, 'payment');
  for (const namespace of [
    { id: '4:1', boot: ownNamespace()?.boot },
    { id: ownNamespace()?.id, boot: 'the boot before' },
    null,
  ]) {
    writeFileSync(join(stateDir, 'state.json'), JSON.stringify({ ...sampleState(), namespace }));
    assert.equal(readStateOfHere(stateDir), null);
  }
  assert.equal(readStateOfHere(join(stateDir, 'none')), null);
});
