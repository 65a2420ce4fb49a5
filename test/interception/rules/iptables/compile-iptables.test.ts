/** The nat table of one application, line by line as iptables takes it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileIptables } from '../../../../src/interception/rules/iptables/compile-iptables.ts';
import { printIptablesRule } from '../../../../src/interception/rules/iptables/print-rule.ts';
import { ALL_TRAFFIC, appOf, policyOf } from '../apps.ts';

const app = appOf('payment', { inbound: ALL_TRAFFIC, leaseSeconds: 3 });
const chainsOf = (madeTable = false) =>
  compileIptables(policyOf(app), { family: 4, madeTable }).tables[0]?.chains ?? [];
const linesOf = (name: string): string[] => {
  const rules = chainsOf().find((chain) => chain.name === name)?.rules ?? [];
  return rules.map((rule) => printIptablesRule(rule).replaceAll(/ -m comment --comment (?:"[^"]*"|\S+)/g, ''));
};

describe('the chains of a policy', () => {
  it('are marked as a table of weir’s own only when they are', () => {
    assert.equal(
      chainsOf().some(({ name }) => name === 'WEIR_MADE_TABLE'),
      false,
    );
    assert.equal(
      chainsOf(true).some(({ name }) => name === 'WEIR_MADE_TABLE'),
      true,
    );
    const nothing = compileIptables({ ...policyOf(), keeper: false }, { family: 4, madeTable: true });
    assert.deepEqual(nothing.tables, []);
  });

  it('count what every rule lets pass', () => {
    for (const { rules } of chainsOf()) for (const rule of rules) assert.ok(rule.kind === 'known' && rule.counter);
  });

  it('leave alone what is no first packet of TCP', () => {
    for (const chain of ['WEIR_OUTPUT', 'WEIR_PREROUTING']) {
      const [first, second] = linesOf(chain);
      assert.match(first ?? '', /^! -p tcp -j RETURN$/);
      assert.match(second ?? '', /! --(?:syn|tcp-flags).* -j RETURN$/);
    }
  });

  it('leave alone what comes in for another host', () => {
    assert.ok(linesOf('WEIR_PREROUTING').some((line) => /! --dst-type LOCAL -j RETURN$/.test(line)));
  });

  it('divert nothing once the lease has lapsed', () => {
    assert.match(linesOf('WEIR_O_0001')[0] ?? '', /! --rcheck --seconds 3.*weir_0001.* -j RETURN$/);
  });

  it('divert listed ports by a chain of their own, and nothing else', () => {
    const listed = appOf('payment', { outbound: { ...ALL_TRAFFIC, ports: [{ from: 80, to: 80 }] } });
    const chains = compileIptables(policyOf(listed), { family: 4, madeTable: false }).tables[0]?.chains ?? [];
    const targets = (name: string) =>
      chains
        .find((chain) => chain.name === name)
        ?.rules.flatMap((rule) => (rule.kind === 'known' ? [rule.verdict.to] : []));
    assert.equal(targets('WEIR_O_0001')?.at(-1), 'goto');
    assert.equal(targets('WEIR_OR_0001')?.at(-1), 'redirect');
  });
});
