/** Draws of a script beside the presence of providers, as weighted choices of a plan. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RoutingCall } from '../../../src/rules/case-file.ts';
import { evaluateRuleSource } from '../../../src/rules/evaluate-rule-source.ts';
import { answerCall, type CallOutcome } from '../../../src/rules/plan/call-outcome.ts';
import { planRuleSource } from '../../../src/rules/plan-rule-source.ts';
import { readRuleFile } from '../../../src/rules/read/read-rule-file.ts';

const providers = [
  { id: 'gray', host: '10.1.0.1', port: 20880, params: { env: 'gray' } },
  { id: 'prod', host: '10.1.0.2', port: 20880, params: { env: 'prod' } },
  { id: 'none', host: '10.1.0.3', port: 20880, params: {} },
];
const call: RoutingCall = {
  service: 'com.pets.CatService',
  method: 'pay',
  paramTypes: [],
  args: [],
  attachments: {},
  consumer: {},
};
const LISTS = `def gray = invokers.findAll { it.url.getParameter('env') == 'gray' }
def rest = invokers.findAll { it.url.getParameter('env') != 'gray' }
`;
const DRAW = 'new Random().nextInt(100) < 10';

/** Shares in percent by the providers that a call may go to; a text for another outcome. */
function sharesOf(outcome: CallOutcome): string {
  if (outcome.kind === 'providers') return `100 ${outcome.ids.join('+')}`;
  if (outcome.kind !== 'split') return outcome.kind;
  const parts = outcome.parts.map(({ share, outcome: one }) =>
    one.kind === 'providers' ? `${Math.round(share * 100)} ${one.ids.join('+')}` : one.kind,
  );
  return parts.sort().join(', ');
}

function asked(script: string, only: readonly string[], method = 'pay'): string {
  const source = readRuleFile('rule.groovy', LISTS + script);
  const plan = planRuleSource(source, {});
  return sharesOf(answerCall(plan, { ...call, method, only: [...only] }, providers).outcome);
}

describe('a draw beside whether providers are there', () => {
  const forms = [
    `if (gray && ${DRAW}) return gray\nreturn rest`,
    `if (${DRAW} && gray) return gray\nreturn rest`,
    `if (!gray.isEmpty() && ${DRAW}) { return gray } else { return rest }`,
    `if (gray.size() > 0) { if (${DRAW}) return gray }\nreturn rest`,
    `return gray.isEmpty() || new Random().nextInt(100) >= 10 ? rest : gray`,
  ];

  it('is one weighted choice that falls back to what the script gives without them', () => {
    for (const form of forms) {
      assert.equal(asked(form, ['gray', 'prod', 'none']), '10 gray, 90 prod+none', form);
      assert.equal(asked(form, ['prod', 'none']), '100 prod+none', form);
      assert.equal(asked(form, ['gray']), '10 gray, 90 ', form);
    }
  });

  it('stays beside a condition on the call within that condition', () => {
    const form = `if (invocation.methodName == 'pay' && gray && ${DRAW}) return gray\nreturn rest`;
    assert.equal(asked(form, ['gray', 'prod']), '10 gray, 90 prod');
    assert.equal(asked(form, ['prod']), '100 prod');
    assert.equal(asked(form, ['gray', 'prod'], 'find'), '100 prod');
  });

  it('says what the model of the script says, whoever is there', () => {
    for (const form of forms) {
      const source = readRuleFile('rule.groovy', LISTS + form);
      for (const only of [['gray', 'prod', 'none'], ['gray', 'none'], ['prod'], ['gray'], ['none', 'prod']]) {
        const known = { app: 'pets', providers, services: [], types: {}, machineGroups: {}, calls: [] };
        const said = evaluateRuleSource(source, { ...call, only }, known);
        assert.equal(sharesOf(said), asked(form, only), `${form} ${only.join()}`);
      }
    }
  });

  it('is refused where the outcomes are no fallback of one another', () => {
    const others = [
      `if (gray && ${DRAW}) return gray\nreturn gray ? invokers : rest`,
      `if (gray) return ${DRAW} ? invokers : gray\nreturn rest`,
      `if (gray) return ${DRAW} ? gray : rest\nreturn new Random().nextInt(2) == 0 ? invokers : rest`,
    ];
    for (const form of others) assert.equal(asked(form, ['prod']), 'opaque', form);
  });
});
