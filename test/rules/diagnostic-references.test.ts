/** What a message refers to stands in it, or is where the message says: witness calls, entries in front, places. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { convertPlan } from '../../src/rules/convert-plan.ts';
import { DIAGNOSTICS } from '../../src/rules/diagnostics/catalogue.ts';
import { rejection } from '../../src/rules/equivalence/rejection.ts';
import type { RuleProof } from '../../src/rules/equivalence/tally.ts';
import { collectDiagnostics } from '../../src/rules/report/collect-diagnostics.ts';
import { targetVersion } from '../../src/rules/targets/lower.ts';
import type { TargetName } from '../../src/rules/targets/target.ts';
import { planRuleFile } from '../../src/rules/usecases/plan-rule-file.ts';
import { fixtureCases } from '../fakes/fixture-cases.ts';

const PROOF: RuleProof = {
  id: 'r1',
  verdict: 'unverified',
  state: 'converted',
  shadowedBy: [],
  cells: 1,
  reach: 'known',
  disagreements: [],
  caveats: [],
};

it('a rule that its documents would not follow is refused with the call that shows it', () => {
  const call = { service: 'S', method: 'pay', paramTypes: [], args: [], attachments: { env: 'x' }, consumer: {} };
  const witness = { rule: 'r1', call, script: '[p1]', target: '[p2]' };
  assert.equal(
    rejection({ ...PROOF, disagreements: [witness] }),
    'The documents would not do what the script does: `S.pay()` with env="x": script [p1], documents [p2].',
  );
});

it('no message points to something that is not shown', () => {
  const elsewhere =
    /\bsee (?:the|above|below)\b|\bthe witness\b|\b(?:above|below)\b(?! \d)|\blisted here\b|\bthe report lists\b/i;
  for (const [code, { title, why, instead }] of Object.entries(DIAGNOSTICS)) {
    for (const text of [title, instead]) assert.doesNotMatch(text, elsewhere, code);
    assert.doesNotMatch(why.replaceAll(/below [\d,.%-]+/g, ''), elsewhere, code);
  }
  for (const { id, path, text, known } of fixtureCases()) {
    const { plan, script } = planRuleFile(path, text, known);
    for (const target of ['dubbo-mesh', 'istio'] satisfies TargetName[]) {
      const version = targetVersion(target, undefined);
      const { services, providers } = known;
      const converted = convertPlan({ plan, name: 'r', target, version, services, providers, accepted: new Set() });
      const lines = script.split('\n');
      for (const { code, rule, message, line, column } of collectDiagnostics(plan, converted, () => '')) {
        const about = `${id} ${target} ${code}: ${message}`;
        assert.doesNotMatch(message, elsewhere, about);
        assert.ok(line >= 1 && line <= lines.length && column >= 1, about);
        if (rule !== null)
          assert.ok(
            plan.rules.some((one) => one.id === rule),
            about,
          );
        for (const [entry] of message.matchAll(/\br\d[\w-]*-refused\b/g))
          assert.ok(converted.text?.includes(`'${entry}'`), about);
        if (/would not do what the script does/.test(message))
          assert.match(message, /`.*\)`.*script .*documents /, about);
      }
      // A rule that is not in force says why, at a place.
      for (const { id: rule, fidelity, findings } of converted.rules) {
        const notes = plan.rules.find((one) => one.id === rule)?.notes ?? [];
        if (fidelity === 'refused') assert.ok(findings.length + notes.length > 0, `${id} ${target} ${rule}`);
      }
    }
  }
});
