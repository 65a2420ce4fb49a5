/** The iptables back ends on a real kernel. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { WeirError } from '../../src/errors/weir-error.ts';
import { createIptablesFirewall } from '../../src/interception/adapters/firewall/iptables.ts';
import { diffRulesets, rulesetChange } from '../../src/interception/rules/diff.ts';
import { compileIptables } from '../../src/interception/rules/iptables/compile-iptables.ts';
import { describeInstalled, switchOffOperations } from '../../src/interception/rules/off-switches.ts';
import type { InterceptPolicy } from '../../src/interception/rules/policy.ts';
import type { Ruleset } from '../../src/interception/rules/ruleset.ts';
import type { runTool } from '../../src/platform/exec.ts';
import { appOf, policyOf } from '../interception/rules/apps.ts';
import { arbitraryIptablesRuleset } from '../interception/rules/arbitrary-ruleset.ts';
import { rulesetLines } from '../interception/rules/ruleset-text.ts';
import { makeNamespace } from './lab/network-namespace.ts';

type Scope = 'ip' | 'ip6';
const SCOPES: readonly Scope[] = ['ip6', 'ip'];
const EXACT = { clearSwitches: 'all' } as const;
const POLICY = policyOf(appOf('payment'));

function compile(policy: InterceptPolicy, madeTable = false): Ruleset[] {
  return SCOPES.map((scope) => compileIptables(policy, { family: scope === 'ip' ? 4 : 6, madeTable }));
}

for (const kind of ['nft', 'legacy'] as const) {
  const namespace = await makeNamespace(`iptables-${kind}`);
  after(() => namespace.remove());
  const firewall = createIptablesFirewall(kind, namespace.tool);
  const name = `iptables-${kind}`;

  const read = async (scope: Scope): Promise<Ruleset> => {
    const { rulesets } = await firewall.read();
    return rulesets.find((ruleset) => ruleset.scope === scope) ?? { scope, tables: [] };
  };
  /** Makes the kernel hold exactly these rules, from whatever it holds. */
  const become = async (wanted: readonly Ruleset[]): Promise<void> => {
    const { rulesets } = await firewall.read();
    const changes = wanted.map((one) =>
      rulesetChange(rulesets.find(({ scope }) => scope === one.scope) ?? { scope: one.scope, tables: [] }, one, EXACT),
    );
    await firewall.commit(changes);
  };
  const clear = () => become(SCOPES.map((scope) => ({ scope, tables: [] })));
  const restore = (scope: Scope, ...lines: string[]) =>
    namespace.sh(`${scope}tables-${kind}-restore --noflush`, `*nat\n${lines.join('\n')}\nCOMMIT\n`);
  const save = async (scope: Scope): Promise<string> =>
    (await namespace.sh(`${scope}tables-${kind}-save -t nat`)).stdout.replaceAll(/^#.*\n/gm, '');

  test(`${name}: reading what is not there makes no table`, async () => {
    const { rulesets, tableExists } = await firewall.read();
    assert.deepEqual(
      rulesets.map(({ scope, tables }) => [scope, tables.length]),
      [
        ['ip6', 0],
        ['ip', 0],
      ],
    );
    assert.deepEqual([...tableExists.values()], [false, false]);
    await firewall.test(compile(POLICY).map((one) => rulesetChange({ scope: one.scope, tables: [] }, one)));
    assert.equal((await namespace.sh('nft list ruleset')).stdout, '');
    for (const scope of SCOPES) {
      const { stdout } = await namespace.tool(['cat', `/proc/net/${scope}_tables_names`], {
        timeoutMs: 30_000,
        reject: false,
      });
      assert.equal(stdout, '', `${scope}: no legacy table`);
    }
  });

  for (const scope of SCOPES) {
    test(`${name}: the kernel takes any ruleset of ${scope} from any other, and lists it as it was written`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(arbitraryIptablesRuleset(scope), { minLength: 5, maxLength: 5 }), async (steps) => {
          await become([{ scope, tables: [] }]);
          for (const wanted of steps) {
            await become([wanted]);
            assert.deepEqual(rulesetLines(await read(scope)), rulesetLines(wanted));
          }
        }),
        { numRuns: 4, interruptAfterTimeLimit: 60_000 },
      );
      await clear();
    });
  }

  test(`${name}: removal leaves what was there before byte for byte, built-in chains too`, async () => {
    const foreign = ['-A OUTPUT -p udp -j RETURN'];
    for (const scope of SCOPES) await restore(scope, ...foreign);
    const listing = async () =>
      `${(await namespace.sh('nft -s list ruleset')).stdout}${await save('ip6')}${await save('ip')}`;
    const before = await listing();
    await become(compile(POLICY));
    await become(compile(policyOf()));
    await clear();
    assert.equal(await listing(), before);
    for (const scope of SCOPES) await restore(scope, ...foreign.map((line) => line.replace('-A', '-D')));
  });

  test(`${name}: copies of our jump go with the chain, and foreign rules that lead into it are named`, async () => {
    await become(compile(POLICY));
    await restore(
      'ip',
      `-A OUTPUT -m comment --comment "weir/v1 app=*" -j WEIR_OUTPUT`,
      '-A OUTPUT -p tcp -j WEIR_OUTPUT',
    );
    await assert.rejects(
      clear(),
      (error) => error instanceof WeirError && /iptables -t nat -D OUTPUT -p tcp -j WEIR_OUTPUT/.test(error.hint),
    );
    await restore('ip', '-D OUTPUT -p tcp -j WEIR_OUTPUT');
    await clear();
    assert.doesNotMatch(await save('ip'), /WEIR/);
  });

  test(`${name}: a jump that was pushed down or taken out is put back`, async () => {
    const wanted = compile(POLICY);
    await become(wanted);
    await restore('ip', '-I OUTPUT 1 -p udp -j RETURN');
    await restore('ip6', '-D OUTPUT -m comment --comment "weir/v1 app=*" -j WEIR_OUTPUT');
    await become(wanted);
    for (const one of wanted) assert.deepEqual(rulesetLines(await read(one.scope as Scope)), rulesetLines(one));
    await restore('ip', '-D OUTPUT -p udp -j RETURN');
    await clear();
  });

  test(`${name}: when the second family is refused the first one is taken back`, async () => {
    const [v6, v4] = compile(POLICY);
    assert.ok(v6 && v4);
    const bad = { scope: 'ip', op: { op: 'flush-chain', table: 'nat', chain: 'WEIR_NOWHERE' } } as const;
    const changes = [
      { ...rulesetChange({ scope: 'ip', tables: [] }, v4), operations: [bad.op] },
      rulesetChange({ scope: 'ip6', tables: [] }, v6),
    ];
    await assert.rejects(firewall.commit(changes), (error) => error instanceof WeirError && error.code === 'WEIR3021');
    assert.deepEqual((await read('ip6')).tables, []);
    const irreversible = [changes[0], changes[1] && { ...changes[1], undo: [bad.op] }].filter(
      (one) => one !== undefined,
    );
    await assert.rejects(
      firewall.commit(irreversible),
      (error) => error instanceof WeirError && error.code === 'WEIR3022' && error.exit === 5,
    );
    await clear();
  });

  test(`${name}: a refusal in the only family changes nothing and says what the tool said`, async () => {
    const unknown = { kind: 'unknown', text: '-m nonsense -j RETURN' } as const;
    const [wanted] = compile(POLICY).filter(({ scope }) => scope === 'ip');
    assert.ok(wanted);
    const operations = [
      ...diffRulesets({ scope: 'ip', tables: [] }, wanted),
      { op: 'add-rule', table: 'nat', chain: 'WEIR_OUTPUT', rule: unknown } as const,
    ];
    for (const attempt of [firewall.commit.bind(firewall), firewall.test.bind(firewall)]) {
      await assert.rejects(
        attempt([{ scope: 'ip', operations, undo: [] }]),
        (error) =>
          error instanceof WeirError && error.code === 'WEIR3020' && /match nonsense is missing/.test(error.why),
      );
    }
    assert.deepEqual((await read('ip')).tables, []);
  });

  test(`${name}: the fast path is one RETURN in each family, and rules stay in force around it`, async () => {
    const wanted = compile(POLICY);
    await become(wanted);
    const off = wanted.map((one) => ({
      scope: one.scope,
      operations: switchOffOperations(one, 'all', 'operator'),
      undo: [],
    }));
    await firewall.commit(off);
    const { rulesets } = await firewall.read();
    assert.deepEqual(describeInstalled(rulesets)[0]?.off, ['operator']);
    for (const one of wanted) assert.deepEqual(diffRulesets(await read(one.scope as Scope), one), []);
    await clear();
  });

  test(`${name}: a host without IPv6 has one family`, async () => {
    const run: typeof runTool = (argv, options) => namespace.tool(argv, options);
    const without = Object.assign(run, {
      readProc: async (file: string) =>
        file.endsWith('if_inet6') ? null : ((await namespace.tool.readProc?.(file)) ?? null),
    });
    const { rulesets } = await createIptablesFirewall(kind, without).read();
    assert.deepEqual(
      rulesets.map(({ scope }) => scope),
      ['ip'],
    );
  });
}

test('a table that iptables-nft made for weir goes with the last rule, and stays when somebody else uses it', async () => {
  const namespace = await makeNamespace('made-table');
  after(() => namespace.remove());
  const firewall = createIptablesFirewall('nft', namespace.tool);
  const install = compile(POLICY, true).map((one) => rulesetChange({ scope: one.scope, tables: [] }, one));
  const remove = async () => {
    const { rulesets } = await firewall.read();
    await firewall.commit(rulesets.map((one) => rulesetChange(one, { scope: one.scope, tables: [] }, EXACT)));
  };
  await firewall.commit(install);
  assert.deepEqual([...(await firewall.read()).tableExists.values()], [true, true]);
  await remove();
  assert.equal((await namespace.sh('nft list ruleset')).stdout, '');
  await firewall.commit(install);
  await namespace.sh('iptables-nft -t nat -A POSTROUTING -p udp -j RETURN');
  await remove();
  const { stdout } = await namespace.sh('nft -s list ruleset');
  assert.match(
    stdout,
    /table ip nat \{\n\tchain POSTROUTING \{[^}]*udp[^}]*\}\n\}\n$/,
    'only the chain that is in use',
  );
});

test('a table that iptables-nft made goes also when the removal before was killed between the rules and the table', async () => {
  const namespace = await makeNamespace('half-removed');
  after(() => namespace.remove());
  const firewall = createIptablesFirewall('nft', namespace.tool);
  const removal = async () => {
    const { rulesets } = await firewall.read();
    return rulesets.map((one) => rulesetChange(one, { scope: one.scope, tables: [] }, EXACT));
  };
  const killed: typeof runTool = (argv, options) => {
    if (argv.join(' ').startsWith('nft delete')) throw new Error('killed');
    return namespace.tool(argv, options);
  };
  await firewall.commit(compile(POLICY, true).map((one) => rulesetChange({ scope: one.scope, tables: [] }, one)));
  await assert.rejects(createIptablesFirewall('nft', killed).commit(await removal()), /killed/);
  assert.doesNotMatch(
    (await namespace.sh('nft list ruleset')).stdout,
    /WEIR_OUTPUT/,
    'the rules are gone, the table is not',
  );
  await firewall.commit(await removal());
  assert.equal((await namespace.sh('nft list ruleset')).stdout, '');
});
