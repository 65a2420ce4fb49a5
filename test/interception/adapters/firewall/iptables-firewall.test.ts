/** The nat tables of iptables by commands: order of families, roll-back of the first one, and the traces that are removed. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createIptablesFirewall } from '../../../../src/interception/adapters/firewall/iptables.ts';
import type { Operation, RulesetChange } from '../../../../src/interception/rules/operations.ts';
import type { Hook } from '../../../../src/interception/rules/ruleset.ts';
import { fakeTools, type ToolAnswer } from '../../../fakes/fake-tools.ts';
import { XTABLES_LOCK_HELD } from '../../../fakes/xtables-lock-held.ts';

const IPV6 = { '/proc/self/net/if_inet6': '' };
const LEGACY_TABLES = { '/proc/self/net/ip_tables_names': 'nat\n', '/proc/self/net/ip6_tables_names': 'nat\n' };
const OUTPUT: Hook = { at: 'output', type: 'nat', priority: -100, position: 'last' };
const JUMP = '-m comment --comment "weir/v1 app=*" -j WEIR_OUTPUT';
const SAVED = `*nat\n:OUTPUT ACCEPT [0:0]\n:WEIR_OUTPUT - [0:0]\n[0:0] -A OUTPUT ${JUMP}\nCOMMIT\n`;
const VERSIONS = { nft: 'v1.8.9 (nf_tables)', legacy: 'v1.8.9 (legacy)' };

const addChain = (chain: string, hook: Hook | null = null): Operation => ({
  op: 'add-chain',
  table: 'nat',
  chain,
  hook,
});
const deleteChain = (chain: string, hook: Hook | null = null): Operation => {
  return { op: 'delete-chain', table: 'nat', chain, hook };
};
const change = (scope: 'ip' | 'ip6', operations: Operation[], undo: Operation[] = []): RulesetChange => {
  return { scope, operations, undo };
};

/** Tools of one kind; `answers` by the command without its kind: `ip6tables-restore`, `iptables-save`, `nft ...`. */
function firewall(
  kind: 'nft' | 'legacy',
  answers: Record<string, ToolAnswer> = {},
  proc: Record<string, string> = { ...IPV6, ...LEGACY_TABLES },
) {
  const { run, calls } = fakeTools((command) => {
    const plain = command.replace(`tables-${kind}-`, 'tables-');
    const [key = ''] = plain.split(' -');
    const given = answers[plain] ?? answers[key];
    if (given !== undefined) return given;
    if (command.endsWith('--version')) return command.includes(kind) ? VERSIONS[kind] : undefined;
    if (command.startsWith('nft -j')) return '{"nftables":[]}';
    return '';
  }, proc);
  const done = () => calls.filter(({ command }) => !command.endsWith('--version') && !command.startsWith('nft -j'));
  return { iptables: createIptablesFirewall(kind, run), done, calls };
}

describe('reading by iptables', () => {
  it('asks both families, and only IPv4 where the kernel has no IPv6', async () => {
    const both = firewall('legacy', { 'iptables-save': SAVED });
    const { rulesets } = await both.iptables.read();
    assert.deepEqual(
      rulesets.map(({ scope, tables }) => [scope, tables.length]),
      [
        ['ip6', 0],
        ['ip', 1],
      ],
    );
    const four = firewall('legacy', { 'iptables-save': SAVED }, LEGACY_TABLES);
    assert.deepEqual(
      (await four.iptables.read()).rulesets.map(({ scope }) => scope),
      ['ip'],
    );
    assert.equal(
      four.done().every(({ command }) => command.startsWith('iptables')),
      true,
    );
  });

  it('asks the families of iptables-nft that hold a chain of weir where nothing is expected', async () => {
    const chain = { family: 'ip', table: 'nat', name: 'WEIR_OUTPUT' };
    const nat = { family: 'ip6', table: 'nat', name: 'OUTPUT' };
    const listed = (...chains: object[]): string => JSON.stringify({ nftables: chains.map((one) => ({ chain: one })) });
    const { iptables, done } = firewall('nft', { 'nft -j list chains': listed(chain, nat), 'iptables-save': SAVED });
    const { rulesets, tableExists } = await iptables.read('nothing');
    assert.deepEqual(
      rulesets.map(({ scope, tables }) => [scope, tables.length, tableExists.get(scope)]),
      [
        ['ip6', 0, true],
        ['ip', 1, true],
      ],
    );
    assert.deepEqual(
      done().map(({ command }) => command.split(' ')[0]),
      ['iptables-nft-save'],
    );
  });

  it('does not ask for a legacy table that is not there, which would make it', async () => {
    const { iptables, done } = firewall('legacy', {}, IPV6);
    const { rulesets, tableExists } = await iptables.read();
    assert.deepEqual(done(), []);
    assert.deepEqual(
      rulesets.flatMap(({ tables }) => tables),
      [],
    );
    assert.deepEqual([...tableExists.values()], [false, false]);
  });

  it('knows from nft whether a table exists that iptables-nft prints in any case', async () => {
    const chains = JSON.stringify({ nftables: [{ chain: { family: 'ip', table: 'nat', name: 'DOCKER' } }] });
    const { tableExists } = await firewall('nft', { 'nft -j list chains': chains }).iptables.read();
    assert.deepEqual([tableExists.get('ip'), tableExists.get('ip6')], [true, false]);
  });

  it('does not take a failure for an empty table', async () => {
    const denied = { exitCode: 4, stderr: 'Permission denied (you must be root)' };
    await assert.rejects(firewall('nft', { 'iptables-save': denied }).iptables.read(), {
      code: 'WEIR2003',
      hint: /CAP_NET_ADMIN/,
    });
  });
});

describe('committing by iptables', () => {
  const both = [change('ip', [addChain('WEIR_A')]), change('ip6', [addChain('WEIR_A')], [deleteChain('WEIR_A')])];

  it('begins with IPv6, waits for the lock, and leaves out a family without work', async () => {
    const { iptables, done } = firewall('legacy');
    await iptables.commit([...both, change('ip', [])]);
    assert.deepEqual(done(), [
      { command: 'ip6tables-legacy-restore --noflush -w 25', input: '*nat\n:WEIR_A - [0:0]\nCOMMIT\n' },
      { command: 'iptables-legacy-restore --noflush -w 25', input: '*nat\n:WEIR_A - [0:0]\nCOMMIT\n' },
    ]);
  });

  it('takes IPv6 back when IPv4 is refused', async () => {
    const refused = { exitCode: 2, stderr: "Couldn't load target `REDIRECT':No such file or directory" };
    const { iptables, done } = firewall('legacy', { 'iptables-restore': refused });
    await assert.rejects(iptables.commit(both), { code: 'WEIR3021', why: /target REDIRECT is missing/ });
    assert.deepEqual(
      done().map(({ command, input }) => `${command.split('-')[0]} ${input.split('\n')[1]}`),
      ['ip6tables :WEIR_A - [0:0]', 'iptables :WEIR_A - [0:0]', 'ip6tables -F WEIR_A'],
    );
  });

  it('changes nothing when IPv6 is refused', async () => {
    const { iptables, done } = firewall('legacy', { 'ip6tables-restore': { exitCode: 2, stderr: 'no' } });
    await assert.rejects(iptables.commit(both), { code: 'WEIR3020', why: 'no' });
    assert.equal(done().length, 1);
  });

  it('names the lock that another program kept for too long', async () => {
    const { iptables, done } = firewall('legacy', { 'ip6tables-restore': XTABLES_LOCK_HELD });
    await assert.rejects(iptables.commit(both), { code: 'WEIR3020', exit: 3, hint: /holds the xtables lock: wait/ });
    assert.equal(done().length, 1);
  });

  it('says so when IPv6 could not be taken back', async () => {
    let calls6 = 0;
    const { run } = fakeTools((command) => {
      if (command.endsWith('--version')) return VERSIONS.legacy;
      const is6 = command.startsWith('ip6tables');
      calls6 += is6 ? 1 : 0;
      return is6 && calls6 === 1 ? '' : { exitCode: 2, stderr: 'refused' };
    }, LEGACY_TABLES);
    await assert.rejects(createIptablesFirewall('legacy', run).commit(both), {
      code: 'WEIR3022',
      what: 'the rules of IPv6 are in force, those of IPv4 are not',
    });
  });

  it('removes every copy of a jump before its chain', async () => {
    const twice = SAVED.replace('COMMIT', `[0:0] -A OUTPUT ${JUMP}\nCOMMIT`);
    const { iptables, done } = firewall('legacy', { 'iptables-save': twice });
    await iptables.commit([change('ip', [deleteChain('WEIR_OUTPUT', OUTPUT)])]);
    const remove = `-D OUTPUT ${JUMP}`;
    assert.equal(done().at(-1)?.input, `*nat\n${remove}\n${remove}\n-F WEIR_OUTPUT\n-X WEIR_OUTPUT\nCOMMIT\n`);
  });

  it('names foreign rules that hold a chain, with the commands that remove them', async () => {
    const held = SAVED.replace('COMMIT', '-A OUTPUT -p tcp -j WEIR_OUTPUT\nCOMMIT');
    const { iptables, done } = firewall('legacy', { 'iptables-save': held });
    await assert.rejects(iptables.commit([change('ip', [deleteChain('WEIR_OUTPUT', OUTPUT)])]), {
      code: 'WEIR3020',
      hint: /iptables -t nat -D OUTPUT -p tcp -j WEIR_OUTPUT/,
    });
    assert.equal(
      done().some(({ command }) => command.includes('restore')),
      false,
    );
  });

  it('marks the built-in chain that iptables-nft makes for a jump', async () => {
    const { iptables, done } = firewall('nft');
    await iptables.commit([change('ip', [addChain('WEIR_OUTPUT', OUTPUT)])]);
    assert.equal(
      done().at(-1)?.input,
      `*nat\n:WEIR_OUTPUT - [0:0]\n-A OUTPUT ${JUMP}\n:WEIR_MADE_OUTPUT - [0:0]\nCOMMIT\n`,
    );
  });

  it('removes a table that was made for weir, and only the mark while somebody’s chain is in it', async () => {
    const mark = deleteChain('WEIR_MADE_TABLE');
    const own = firewall('nft');
    await own.iptables.commit([change('ip', [mark])]);
    assert.equal(own.done().at(-1)?.command, 'nft delete table ip nat');
    const chains = JSON.stringify({ nftables: [{ chain: { family: 'ip', table: 'nat', name: 'DOCKER' } }] });
    const shared = firewall('nft', { 'nft -j list chains': chains });
    await shared.iptables.commit([change('ip', [mark])]);
    assert.equal(
      shared.done().some(({ command }) => command.startsWith('nft delete')),
      false,
    );
    assert.match(shared.done().at(-1)?.input ?? '', /^-X WEIR_MADE_TABLE$/m);
  });
});

describe('showing and testing by iptables', () => {
  it('shows the command of each family', () => {
    const text = firewall('nft').iptables.render([change('ip', [addChain('WEIR_A')])]);
    assert.equal(text, '# iptables-nft-restore --noflush -w 25\n*nat\n:WEIR_A - [0:0]\nCOMMIT\n');
  });

  it('tries a legacy table that does not exist in a namespace of its own', async () => {
    const there = firewall('legacy');
    await there.iptables.test([change('ip', [addChain('WEIR_A')])]);
    assert.equal(there.done().at(-1)?.command, 'iptables-legacy-restore --test --noflush -w 25');
    const absent = firewall('legacy', {}, IPV6);
    await absent.iptables.test([change('ip', [addChain('WEIR_A')])]);
    assert.equal(absent.done().at(-1)?.command, 'unshare --net -- iptables-legacy-restore --test --noflush -w 25');
  });

  it('has no rules for both families together', () => {
    assert.throws(
      () => firewall('nft').iptables.render([{ scope: 'inet', operations: [addChain('A')], undo: [] }]),
      RangeError,
    );
  });
});
