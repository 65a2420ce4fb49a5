import { hasNoEffect } from '../../routing/convert-plan.ts';
import { compareWithTarget, type RuleProof } from '../../routing/equivalence/compare.ts';
import { OracleSample } from '../../routing/equivalence/oracle-sample.ts';
import { sampleProviders } from '../../routing/equivalence/sample-providers.ts';
import { applyLabels } from '../../routing/targets/apply-labels.ts';
import type { TargetName } from '../../routing/targets/target.ts';
import { askEngine, type EngineFinding } from './ask-engine.ts';
import { type EstateFlags, readEstate } from './estate.ts';
import { loadRules } from './evaluate-rules.ts';
import type { PlanRuleFile, RuleFiles, ScriptOracle } from './ports.ts';
import { scriptNames } from './script-names.ts';

/** A rule and what was found about it; `oracle` where a real engine was asked. */
export interface VerifiedRule extends RuleProof {
  readonly line: number;
  readonly oracle?: EngineFinding;
}

/** `result` of `weir rules verify --json`. */
export interface Verification {
  readonly scripts: readonly {
    readonly path: string;
    readonly comparedCalls: number;
    readonly rules: readonly VerifiedRule[];
  }[];
  readonly disagreements: number;
}

/** Compares scripts with the documents in a folder, cell by cell. Throws WEIR5023 or WEIR5028 when there are none to compare. */
export async function verifyRules(
  request: EstateFlags & {
    readonly paths: readonly string[];
    readonly rules: string;
    readonly target: TargetName;
    readonly targetVersion?: string | undefined;
  },
  ports: {
    readonly files: RuleFiles;
    readonly plan: PlanRuleFile;
    readonly oracle?: ScriptOracle | undefined;
    readonly warn?: (warning: string) => void;
  },
): Promise<Verification> {
  const estate = await readEstate(ports.files, request);
  const paths = await ports.files.list(request.paths);
  const names = scriptNames(paths);
  const scripts: Verification['scripts'][number][] = [];
  for (const path of paths) {
    const planned = ports.plan(path, await ports.files.read(path), estate);
    const { plan } = planned;
    const wanted = {
      target: request.target,
      version: request.targetVersion,
      name: names.get(path),
      isSource: (source: string) => source === path,
    };
    const rules = await loadRules(ports.files, request.rules, wanted);
    const line = (id: string): number => plan.rules.find((rule) => rule.id === id)?.span.line ?? 1;
    if (rules.kind === 'no-rule') {
      const verdict = hasNoEffect(plan) ? ('proved' as const) : ('unverified' as const);
      const none = { cells: 0, disagreements: [], caveats: [] };
      scripts.push({
        path,
        comparedCalls: 0,
        rules: plan.rules.map(({ id }) => ({ id, line: line(id), verdict, ...none })),
      });
      continue;
    }
    const bare = estate.providers.length > 0 ? estate.providers : sampleProviders(plan);
    const providers = applyLabels(rules.documents.labels, bare);
    const sample = new OracleSample();
    const report = compareWithTarget(plan, rules.documents.model, estate.services, providers, sample.watch);
    const asked = await askEngine(planned, report.rules, { sample, providers: bare, types: estate.types }, ports);
    scripts.push({
      path,
      comparedCalls: report.calls,
      rules: asked.map((rule) => ({ ...rule, line: line(rule.id) })),
    });
  }
  const disagreements = scripts
    .flatMap((script) => script.rules)
    .filter((rule) => rule.disagreements.length > 0 || isOpen(rule.oracle)).length;
  return { scripts, disagreements };
}

// Asked and not answered is as open a question as a difference.
function isOpen(finding: EngineFinding | undefined): boolean {
  return finding !== undefined && (finding.differences.length > 0 || finding.unanswered !== null);
}
