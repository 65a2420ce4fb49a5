/**
 * Prints, over all fixture rules, how the documents of each target come out under four states of knowledge: calls right,
 * refused and wrong by the engines' recorded outcomes; entries, entries that no call can reach, lines and derived labels.
 */
import { convertPlan, hasNoEffect } from '../src/rules/convert-plan.ts';
import { compareWithTarget } from '../src/rules/equivalence/compare.ts';
import { sampleProviders } from '../src/rules/equivalence/sample-providers.ts';
import { evaluateDocuments } from '../src/rules/evaluate-documents.ts';
import { loadTargetModel } from '../src/rules/models/load-model.ts';
import { presentProviders } from '../src/rules/plan/evaluate-plan.ts';
import { worseFidelity } from '../src/rules/targets/fidelity.ts';
import { targetVersion } from '../src/rules/targets/lower.ts';
import { planRuleFile } from '../src/rules/usecases/plan-rule-file.ts';
import { fixtureCases, judgeAnswer } from '../test/fakes/fixture-cases.ts';
import { KNOWLEDGE, withKnowledge } from '../test/fakes/fixture-knowledge.ts';

const ORDER = ['exact', 'noted', 'lossy', 'refused'];
const rows = [
  [
    'target',
    'given',
    'right',
    'refused',
    'wrong',
    'claims less/same/more',
    'entries',
    'unreachable',
    'unknown',
    'lines',
    'labels',
  ],
];
for (const target of ['dubbo-mesh', 'istio', 'envoy', 'envoy-dubbo', 'aeraki'] as const) {
  const version = targetVersion(target, undefined);
  for (const given of KNOWLEDGE) {
    const calls = { equal: 0, refused: 0, wrong: 0 };
    const claims = { less: 0, same: 0, more: 0 };
    const sum = { entries: 0, unreachable: 0, unknown: 0, lines: 0, labels: 0 };
    for (const { id, path, text, known } of fixtureCases()) {
      const estate = withKnowledge(known, given);
      const { providers, services } = estate;
      const { plan } = planRuleFile(path, text, estate);
      const converted = convertPlan({ plan, name: 'rule', target, version, services, providers, accepted: new Set() });
      const loading = converted.text === null ? null : loadTargetModel(target, version, converted.text);
      const fidelity = converted.rules.map((rule) => rule.fidelity).reduce(worseFidelity, 'exact');
      const honest = known.expectConvertible?.[target];
      if (honest !== undefined) {
        const more = ORDER.indexOf(honest) - ORDER.indexOf(fidelity);
        claims[more < 0 ? 'less' : more === 0 ? 'same' : 'more'] += 1;
      }
      known.calls.forEach((call, index) => {
        const all = presentProviders(call, known.providers).map((provider) => provider.id);
        const line =
          loading?.ok === true
            ? evaluateDocuments(
                { model: loading.model, labels: converted.labels, generated: true },
                call,
                index,
                known.providers,
              )
            : hasNoEffect(plan)
              ? { call: index, providers: all }
              : { call: index, outcome: 'REFUSED' };
        const verdict = judgeAnswer(line, call, known);
        calls[verdict] += 1;
        if (verdict === 'wrong')
          process.stderr.write(
            `${id} ${target} ${given} call ${index}: ${JSON.stringify(line)}, wanted ${JSON.stringify(call.expect)}\n`,
          );
      });
      sum.labels += converted.labels.groups.length;
      if (loading?.ok !== true) continue;
      const report = compareWithTarget(
        plan,
        loading.model,
        services,
        providers.length > 0 ? providers : sampleProviders(plan),
      );
      sum.entries += loading.model.names().length;
      sum.unreachable += report.unreachable.length;
      if (!report.isWhole) sum.unknown += loading.model.names().length;
      sum.lines += converted.text?.split('\n').length ?? 0;
    }
    rows.push(
      [
        target,
        given,
        calls.equal,
        calls.refused,
        calls.wrong,
        `${claims.less}/${claims.same}/${claims.more}`,
        sum.entries,
        sum.unreachable,
        sum.unknown,
        sum.lines,
        sum.labels,
      ].map(String),
    );
  }
}
for (const row of rows) process.stdout.write(`| ${row.join(' | ')} |\n`);
