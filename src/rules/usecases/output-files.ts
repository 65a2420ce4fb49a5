/** Names and contents of the files that a conversion writes. */
import { recordDocument } from '../../platform/record.ts';
import type { ConvertedPlan } from '../convert-plan.ts';
import type { RoutePlan } from '../plan/route-plan.ts';
import { DOCUMENT_HEADER } from '../read/foreign-document.ts';
import type { TargetName } from '../targets/target.ts';
import { LABELS_FILE } from './plan-records.ts';

/** A file of the output folder; `text` null means that it must not be there. */
export interface OutputFile {
  readonly name: string;
  readonly text: string | null;
}

/** The three files of a script: plan, documents, labels. The same input gives the same bytes. */
export function outputFiles(
  script: {
    readonly name: string;
    readonly target: TargetName;
    readonly version: string;
    readonly plan: RoutePlan;
    readonly converted: ConvertedPlan;
    /** Sentences for the head of the documents: what they take for granted, what they change. */
    readonly remarks: readonly string[];
  },
  weirVersion: string,
): OutputFile[] {
  const { name, target, version, plan, converted, remarks } = script;
  const header = [
    `${DOCUMENT_HEADER} ${weirVersion}; do not edit: change the script or the plan and convert again.`,
    `# target: ${target}@${version}`,
    `# source: ${plan.source.kind} ${plan.source.form} sha256 ${plan.source.sha256}`,
    ...deploymentLines(plan, target),
    ...remarks.map((remark) => `# ${remark}`),
  ];
  const documents = converted.text === null ? null : `${header.join('\n')}\n${converted.text}`;
  return [
    { name: `${name}.plan.json`, text: `${JSON.stringify(plan, null, 2)}\n` },
    { name: `${name}.${target}.yaml`, text: documents },
    {
      name: `${name}.labels.json`,
      text: `${JSON.stringify(recordDocument(LABELS_FILE, converted.labels), null, 2)}\n`,
    },
  ];
}

function deploymentLines(plan: RoutePlan, target: TargetName): string[] {
  if (target !== 'dubbo-mesh') return [];
  const app = plan.scope.providerApp ?? '<provider application>';
  return [`# config centre: group dubbo, key ${app}.MESHAPPRULE; both documents go there as one text`];
}
