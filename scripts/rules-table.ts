/** Prints how the fixture rules come out: fidelity beside the honest level, verdicts, and calls equal to real Groovy's. */
import { convertPlan, hasNoEffect } from '../src/rules/convert-plan.ts';
import { evaluateDocuments } from '../src/rules/evaluate-documents.ts';
import { loadTargetModel } from '../src/rules/models/load-model.ts';
import { presentProviders } from '../src/rules/plan/evaluate-plan.ts';
import { worseFidelity } from '../src/rules/targets/fidelity.ts';
import { targetVersion } from '../src/rules/targets/lower.ts';
import type { TargetName } from '../src/rules/targets/target.ts';
import { planRuleFile } from '../src/rules/usecases/plan-rule-file.ts';
import { fixtureCases, judgeAnswer } from '../test/fakes/fixture-cases.ts';

const target = (process.argv[2] ?? 'dubbo-mesh') as TargetName;
const version = targetVersion(target, undefined);
const only = process.argv[3];
const sums = { equal: 0, refused: 0, wrong: 0 };
const claims = { less: 0, same: 0, more: 0 };
const order = ['exact', 'noted', 'lossy', 'refused'];
for (const { id, path, text, known } of fixtureCases()) {
  if (only !== undefined && !id.startsWith(only)) continue;
  const { providers, services } = known;
  try {
    const { plan } = planRuleFile(path, text, known);
    const converted = convertPlan({ plan, name: 'rule', target, version, services, providers, accepted: new Set() });
    const fidelity = converted.rules.map((rule) => rule.fidelity).reduce(worseFidelity, 'exact');
    const loading = converted.text === null ? null : loadTargetModel(target, version, converted.text);
    const counts = { equal: 0, refused: 0, wrong: 0 };
    known.calls.forEach((call, index) => {
      const all = presentProviders(call, providers).map((provider) => provider.id);
      const line =
        loading?.ok === true
          ? evaluateDocuments(
              { model: loading.model, labels: converted.labels, generated: true },
              call,
              index,
              providers,
            )
          : hasNoEffect(plan)
            ? { call: index, providers: all }
            : { call: index, outcome: 'REFUSED' };
      const verdict = judgeAnswer(line, call, known);
      counts[verdict] += 1;
      sums[verdict] += 1;
      if (verdict === 'wrong' || (only !== undefined && verdict === 'refused')) {
        process.stdout.write(
          `    ${verdict} ${JSON.stringify(line)} wanted ${JSON.stringify(call.expect ?? call.expectOneOf)} for ${call.method} ${JSON.stringify(call.args)} ${JSON.stringify(call.attachments)} ${JSON.stringify(call.consumer)}\n`,
        );
      }
    });
    const honest = known.expectConvertible?.[target];
    const claim =
      honest === undefined
        ? ''
        : order.indexOf(fidelity) > order.indexOf(honest)
          ? 'less'
          : fidelity === honest
            ? 'same'
            : 'more';
    if (claim !== '') claims[claim] += 1;
    const proved = converted.rules.filter((rule) => rule.verdict === 'proved').length;
    const codes = [...new Set(converted.rules.flatMap((rule) => rule.findings.map((finding) => finding.code)))].sort();
    process.stdout.write(
      `${id.padEnd(28)} ${plan.effect.state.padEnd(6)} ${fidelity.padEnd(8)} honest ${(honest ?? '-').padEnd(8)} ${claim.padEnd(5)} rules ${String(converted.rules.length).padStart(3)} proved ${String(proved).padStart(3)} calls ${counts.equal}/${known.calls.length} refused ${counts.refused} wrong ${counts.wrong} ${codes.join(' ')}\n`,
    );
    if (only !== undefined) {
      for (const rule of converted.rules)
        process.stdout.write(
          `  ${rule.id} line ${rule.line} ${rule.fidelity} ${rule.verdict} ${rule.findings.map((finding) => `${finding.code} ${finding.message}`).join(' | ')}${rule.proof?.disagreements.map((one) => `\n     ${JSON.stringify(one)}`).join('') ?? ''}\n`,
        );
      process.stdout.write(
        `${JSON.stringify(
          plan.rules.map((rule) => [rule.id, rule.when, rule.then]),
          null,
          0,
        )}\n${converted.text}\n`,
      );
    }
  } catch (error) {
    process.stdout.write(`${id.padEnd(28)} failed: ${(error as Error).stack ?? ''}\n`);
  }
}
process.stdout.write(
  `\ncalls: ${sums.equal} equal, ${sums.refused} refused, ${sums.wrong} wrong; claims: ${claims.less} less, ${claims.same} same, ${claims.more} more\n`,
);
