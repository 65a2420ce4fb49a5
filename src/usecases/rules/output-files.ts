import type { ConvertedPlan } from '../../routing/convert-plan.ts';
import type { RoutePlan } from '../../routing/route-plan.ts';
import type { TargetName } from '../../routing/targets/target.ts';

/** A file of the output folder; `text` null means that it must not be there. */
export interface OutputFile {
  readonly name: string;
  readonly text: string | null;
}

/** First words of every document that weir writes; `weir rules eval` knows its own documents by them. */
export const DOCUMENT_HEADER = '# Written by weir rules convert';

/** The three files of a script: plan, documents, labels. The same input gives the same bytes. */
export function outputFiles(
  script: {
    readonly name: string;
    readonly target: TargetName;
    readonly version: string;
    readonly plan: RoutePlan;
    readonly converted: ConvertedPlan;
  },
  weirVersion: string,
): OutputFile[] {
  const { name, target, version, plan, converted } = script;
  const header = [
    `${DOCUMENT_HEADER} ${weirVersion}; do not edit: change the script or the plan and convert again.`,
    `# target: ${target}@${version}`,
    `# source: ${plan.source.kind} ${plan.source.form} sha256 ${plan.source.sha256}`,
    ...deploymentLines(plan, target),
  ];
  const documents = converted.text === null ? null : `${header.join('\n')}\n${converted.text}`;
  return [
    { name: `${name}.plan.json`, text: `${JSON.stringify(plan, null, 2)}\n` },
    { name: `${name}.${target}.yaml`, text: documents },
    { name: `${name}.labels.json`, text: `${JSON.stringify(converted.labels, null, 2)}\n` },
  ];
}

function deploymentLines(plan: RoutePlan, target: TargetName): string[] {
  if (target !== 'dubbo-mesh') return [];
  const app = plan.scope.providerApp ?? '<provider application>';
  return [`# config centre: group dubbo, key ${app}.MESHAPPRULE; both documents go there as one text`];
}
