/** The scripts of a folder that `weir rules convert --target envoy` wrote, as far as Envoy's routes need them. */

import { hasNoEffect } from '../../rules/convert-plan.ts';
import type { CallAssumption, PlanAssumption } from '../../rules/plan/route-plan.ts';
import { type EnvoyRules, readEnvoyRules } from '../../rules/targets/envoy/envoy-rules.ts';
import { readPlan } from '../../rules/usecases/plan-records.ts';

/** One script. */
export interface RuleScript {
  /** The name of its files. */
  readonly name: string;
  /** The script's own file. */
  readonly file: string;
  readonly app: string | null;
  readonly service: string | null;
  readonly group: string | null;
  readonly version: string | null;
  /** Null: nothing of it could be converted, so its calls keep the address that their consumer picked. */
  readonly rules: EnvoyRules | null;
  readonly assumptions: readonly PlanAssumption[];
  readonly callAssumptions: readonly CallAssumption[];
}

/** What a folder holds; a file that cannot be read costs its own script only. */
export interface RuleFolder {
  readonly scripts: readonly RuleScript[];
  readonly faults: readonly { readonly file: string; readonly why: string }[];
}

const PLAN = '.plan.json';
const DOCUMENT = '.envoy.yaml';

/** Reads a folder: names of files and their texts. A script without effect is left out. */
export function readRuleFolder(files: ReadonlyMap<string, string>): RuleFolder {
  const scripts: RuleScript[] = [];
  const faults: { file: string; why: string }[] = [];
  for (const [file, text] of [...files].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (!file.endsWith(PLAN)) continue;
    const name = file.slice(0, -PLAN.length);
    const documentFile = `${name}${DOCUMENT}`;
    const document = files.get(documentFile);
    try {
      const plan = readPlan(file, text);
      if (document === undefined && (hasNoEffect(plan) || plan.effect.state === 'dead')) continue;
      const { providerApp: app, service, group, version } = plan.scope;
      scripts.push({
        ...{ name, file: plan.source.path, app, service, group, version },
        rules: document === undefined ? null : readDocument(documentFile, document, faults),
        assumptions: plan.assumptions,
        callAssumptions: plan.callAssumptions ?? [],
      });
    } catch (error) {
      faults.push({ file, why: error instanceof Error ? error.message : String(error) });
    }
  }
  return { scripts, faults };
}

/** Null for a damaged document: the script is there, and none of its calls are decided by guess. */
function readDocument(file: string, text: string, faults: { file: string; why: string }[]): EnvoyRules | null {
  try {
    return readEnvoyRules(text);
  } catch (error) {
    faults.push({ file, why: error instanceof Error ? error.message : String(error) });
    return null;
  }
}
