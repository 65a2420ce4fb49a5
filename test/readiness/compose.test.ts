/** Facts of the real host under the checks. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { WeirError } from '../../src/errors/weir-error.ts';
import type { runTool, ToolResult } from '../../src/platform/exec.ts';
import { countNatRules } from '../../src/readiness/adapters/nat-rules.ts';
import { tryRules } from '../../src/readiness/adapters/rule-trial.ts';
import { findTools } from '../../src/readiness/adapters/tool-facts.ts';
import { openHostFacts } from '../../src/readiness/compose.ts';

const facts = openHostFacts();

/** A tool runner that answers instead of running anything. */
function answer(reply: (argv: readonly string[], input: string) => Partial<ToolResult> | WeirError): typeof runTool {
  return async (argv, { input = '' }) => {
    const result = reply(argv, input);
    if (result instanceof WeirError) throw result;
    return { stdout: '', stderr: '', exitCode: 0, ms: 1, ...result };
  };
}

function missing(): WeirError {
  return new WeirError('WEIR2001', { what: 'it is missing', why: 'not in PATH', hint: 'install it' });
}

test('the kernel tells its release, and a folder how it can be used', async () => {
  assert.equal((await facts.kernel()).release, release());
  const folder = mkdtempSync(join(tmpdir(), 'weir-facts-'));
  try {
    const there = await facts.folder(folder);
    assert.equal(there.state, 'writable');
    assert.ok(there.freeBytes > 0);
    assert.equal((await facts.folder(join(folder, 'a/b'))).state, 'missing');
    writeFileSync(join(folder, 'file'), '');
    assert.equal((await facts.folder(join(folder, 'file'))).state, 'not-a-folder');
    assert.equal((await facts.folder(join(folder, 'file/below'))).state, 'not-a-folder');
    assert.deepEqual(await facts.filesIn(folder), ['file']);
    assert.deepEqual(await facts.filesIn(join(folder, 'nothing')), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('rights are those of this process', async () => {
  const { uid, capabilities } = await facts.rights();
  assert.equal(uid, process.geteuid?.());
  assert.equal(typeof capabilities.has('NET_ADMIN'), 'boolean');
});

test('tools are found with their versions, and left out when they are missing', async () => {
  const printed: Readonly<Record<string, string>> = {
    'nft --version': 'nftables v1.0.6 (Lester Gooch #5)\n',
    'ip -V': 'ip utility, iproute2-6.1.0, libbpf 1.1.2\n',
    'iptables-nft --version': 'iptables v1.8.9 (nf_tables)\n',
    'conntrack --version': 'who knows\n',
  };
  const run = answer((argv) => {
    const stdout = printed[argv.join(' ')];
    return stdout === undefined ? missing() : { stdout };
  });
  assert.deepEqual(
    await findTools(['nft', 'ip', 'iptables-nft', 'conntrack', 'ss'], run),
    new Map([
      ['nft', { version: '1.0.6' }],
      ['ip', { version: '6.1.0' }],
      ['iptables-nft', { version: '1.8.9 (nf_tables)' }],
      ['conntrack', { version: null }],
    ]),
  );
});

test('a tool that is not started, does not end or cannot be loaded is there, and nothing more is known of it', async () => {
  const parts = { what: 'ss -V', why: 'no process is left', hint: 'end others' };
  const run = answer(([name = '']) => {
    if (name === 'ss') return new WeirError('WEIR2010', parts);
    if (name === 'nft') return new WeirError('WEIR2002', parts);
    if (name === 'ip') return new WeirError('WEIR2003', { ...parts, details: { exitCode: null } });
    return name === 'flock' ? { exitCode: 127, stderr: 'libc.so.7: cannot open' } : { exitCode: 1, stderr: 'usage' };
  });
  const found = await findTools(['ss', 'nft', 'ip', 'flock', 'conntrack'], run);
  const unknown = { why: 'ss -V: no process is left', hint: 'end others' };
  for (const name of ['ss', 'nft', 'ip']) assert.deepEqual(found.get(name), { version: null, unknown }, name);
  assert.match(found.get('flock')?.unknown?.why ?? '', /exit code 127: libc\.so\.7/);
  assert.deepEqual(found.get('conntrack'), { version: null });
});

test('rules are tried all at once, and one by one only when that fails', async () => {
  const inputs: string[] = [];
  const good = answer((argv, input) => {
    assert.equal(argv[0], 'unshare', 'never on the host itself');
    assert.ok(argv.includes('--net'));
    inputs.push(input);
    return {};
  });
  assert.deepEqual(await tryRules('iptables-nft', good), { outcome: 'tried', failures: [] });
  assert.equal(inputs.length, 1);
  const withoutOwner = answer((_argv, input) =>
    input.includes('owner') ? { exitCode: 2, stderr: 'iptables-restore: line 4 failed\n' } : {},
  );
  assert.deepEqual(await tryRules('ip6tables-nft', withoutOwner), {
    outcome: 'tried',
    failures: [{ feature: 'accounts', module: 'xt_owner', error: 'iptables-restore: line 4 failed' }],
  });
  const withoutRedirect = answer((_argv, input) =>
    input.includes('redirect')
      ? { exitCode: 1, stderr: 'Error: Could not process rule: No such file or directory\n' }
      : {},
  );
  const trial = await tryRules('nft', withoutRedirect);
  assert.ok(trial.outcome === 'tried');
  assert.deepEqual(
    trial.failures.map(({ module }) => module),
    ['nft_redir'],
  );
});

test('where no namespace may be made, rules are not tried, and the reason is told', async () => {
  const forbidden = answer(() => ({ exitCode: 1, stderr: 'unshare: unshare failed: Operation not permitted\n' }));
  assert.deepEqual(await tryRules('nft', forbidden), {
    outcome: 'impossible',
    why: 'unshare: unshare failed: Operation not permitted',
  });
  const absent = answer(() => ({
    exitCode: 127,
    stderr: 'unshare: failed to execute nft: No such file or directory\n',
  }));
  assert.equal((await tryRules('nft', absent)).outcome, 'impossible');
});

test('nat rules are counted over both families; a tool that is missing or fails makes the number unknown', async () => {
  const saved = '*nat\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -j X\n-A X -j RETURN\nCOMMIT\n';
  assert.equal((await countNatRules(answer(() => ({ stdout: saved })))).nft, 4);
  const oneMissing = answer(([name]) => (name === 'ip6tables-nft-save' ? missing() : { stdout: saved }));
  assert.equal((await countNatRules(oneMissing)).nft, null);
  const failing = answer(() => new WeirError('WEIR2003', { what: 'it failed', why: 'not permitted', hint: 'be root' }));
  assert.equal((await countNatRules(failing)).nft, null);
});
