/** The reviewed documents and labels of every fixture rule for every target, in test/fixtures/rules/documents. */
import { convertPlan } from '../../src/rules/convert-plan.ts';
import { targetVersion } from '../../src/rules/targets/lower.ts';
import type { TargetName } from '../../src/rules/targets/target.ts';
import { planRuleFile } from '../../src/rules/usecases/plan-rule-file.ts';
import { type FixtureCase, fixtureCases } from './fixture-cases.ts';

const TARGETS: readonly TargetName[] = ['dubbo-mesh', 'istio', 'envoy', 'envoy-dubbo', 'aeraki'];

/** The folder of the reviewed texts. */
export const GOLDEN_FOLDER = new URL('../fixtures/rules/documents/', import.meta.url);

/** Name and text of every reviewed file, made anew. */
export function* goldenDocuments(): Generator<{ readonly name: string; readonly text: string }> {
  for (const fixture of fixtureCases()) {
    for (const target of TARGETS) yield { name: `${fixture.id}.${target}.yaml`, text: documentText(fixture, target) };
  }
}

function documentText({ path, text, known }: FixtureCase, target: TargetName): string {
  const { plan } = planRuleFile(path, text, known);
  const { services, providers } = known;
  const version = targetVersion(target, undefined);
  const converted = convertPlan({ plan, name: 'rule', target, version, services, providers, accepted: new Set() });
  const states = converted.rules.map(({ id, state, fidelity, verdict }) => `#   ${id} ${state} ${fidelity} ${verdict}`);
  const labels = converted.labels.groups.map(({ label, from }) => `#   ${label}: ${from}`);
  return [
    '# rules:',
    ...states,
    ...(labels.length === 0 ? [] : ['# labels:', ...labels]),
    converted.text ?? '# no documents\n',
  ].join('\n');
}
