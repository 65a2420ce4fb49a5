/** The use case of `weir rules inspect`. */
import { WeirError } from '../../errors/weir-error.ts';
import { convertPlan } from '../convert-plan.ts';
import type { EngineSupport, PlanScope, RoutePlan } from '../plan/route-plan.ts';
import { collectDiagnostics, placedDiagnostic } from '../report/collect-diagnostics.ts';
import { presentGroups, type ScriptDiagnostic } from '../report/script-result.ts';
import { type UnusableFile, unusableFile } from '../report/unusable-files.ts';
import { worseFidelity } from '../targets/fidelity.ts';
import { targetVersion } from '../targets/lower.ts';
import type { Fidelity, TargetName } from '../targets/target.ts';
import { confirmPlan } from './confirm-plan.ts';
import { type EstateFlags, readEstate } from './estate.ts';
import { markJoint } from './joint-rules.ts';
import { planRuleFile } from './plan-rule-file.ts';
import type { PlannedRule, RuleFiles, ScriptOracle } from './ports.ts';
import { ruleTexts } from './rule-texts.ts';
import { type Claim, sharedNode } from './shared-nodes.ts';

/** `result` of `weir rules inspect --json`. */
export interface Inspection {
  readonly scripts: readonly InspectedScript[];
  readonly errors: readonly UnusableFile[];
  /** Files that were skipped, and why the real engine gave no answer. */
  readonly warnings: readonly string[];
}

/** One file: its kind, its effect with reasons, and the result that a conversion of its rules would have. */
export interface InspectedScript {
  readonly path: string;
  readonly kind: string;
  readonly form: string;
  readonly scope: PlanScope;
  /** `unknown`: the real engine contradicts what weir would say. */
  readonly effect: 'live' | 'dead' | 'broken' | 'unknown';
  readonly reasons: readonly string[];
  /** Rules for which the real engine did something else: message with the call, and the diagnostic. */
  readonly contradicted: readonly { readonly rule: string; readonly code: 'WR060'; readonly message: string }[];
  readonly loadedBy: readonly EngineSupport[];
  readonly fidelity: Fidelity;
  readonly rules: Readonly<Record<Fidelity | 'exactWhilePresent', number>>;
  /** Why its rules are not exact, by their places. */
  readonly diagnostics: readonly ScriptDiagnostic[];
}

const noFrame = (): string => '';

/** Inspects files without writing anything; one that cannot be used is listed and stops no other. */
export async function inspectRules(
  request: EstateFlags & {
    readonly paths: readonly string[];
    readonly target: TargetName;
    readonly targetVersion?: string | undefined;
    readonly encoding?: string | undefined;
  },
  ports: { readonly files: RuleFiles; readonly oracle?: ScriptOracle | undefined },
): Promise<Inspection> {
  const version = targetVersion(request.target, request.targetVersion);
  const estate = await readEstate(ports.files, request);
  const found: (Claim & { readonly script: InspectedScript })[] = [];
  const errors: Inspection['errors'][number][] = [];
  const warnings: string[] = [];
  const listing = await ports.files.list(request.paths);
  errors.push(...listing.errors.map((error) => unusableFile(error)));
  const files: { readonly path: string; readonly name: string; readonly planned: PlannedRule }[] = [];
  for await (const { script, text } of ruleTexts(ports.files, listing.files, request.encoding)) {
    const { path, name } = script;
    try {
      files.push({ path, name, planned: planRuleFile(path, text(), estate) });
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      errors.push(unusableFile(error, path));
    }
  }
  for (const [at, read] of markJoint(files).entries()) {
    const { path = '', name = '' } = files[at] ?? {};
    try {
      const asked = ports.oracle === undefined ? null : await confirmPlan(read, estate, ports.oracle);
      const { plan } = asked?.planned ?? read;
      if (asked !== null && asked.unanswered !== null) warnings.push(`${path}: ${asked.unanswered}`);
      const contradicted = contradictions(plan);
      const { services, providers } = estate;
      const converted = convertPlan({
        plan,
        name: 'rule',
        target: request.target,
        version,
        services,
        providers,
        accepted: new Set(),
      });
      const rules = { exact: 0, exactWhilePresent: 0, noted: 0, lossy: 0, refused: 0 };
      for (const rule of converted.rules) {
        rules[rule.fidelity] += 1;
        if (rule.fidelity === 'exact' && presentGroups(rule).length > 0) rules.exactWhilePresent += 1;
      }
      const script: InspectedScript = {
        path,
        kind: plan.source.kind,
        form: plan.source.form,
        scope: plan.scope,
        effect: contradicted.length > 0 && !hasKnownEffect(plan) ? 'unknown' : plan.effect.state,
        reasons: plan.effect.reasons.map((reason) => reason.message),
        contradicted,
        loadedBy: plan.effect.loadedBy,
        fidelity: converted.rules.map((rule) => rule.fidelity).reduce(worseFidelity, 'exact'),
        rules,
        diagnostics: collectDiagnostics(plan, converted, noFrame).map((one) => placedDiagnostic(one, read)),
      };
      found.push({ name, node: read.node, script });
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      errors.push(unusableFile(error, path));
    }
  }
  const scripts = found.map(({ script, node }) => {
    return { ...script, diagnostics: [...sharedNode(node, found), ...script.diagnostics] };
  });
  return { scripts, errors, warnings: [...listing.warnings, ...warnings] };
}

function contradictions(plan: RoutePlan): InspectedScript['contradicted'] {
  return plan.rules.flatMap(({ id, notes }) =>
    notes.flatMap(({ code, message }) => (code === 'WR060' ? [{ rule: id, code, message }] : [])),
  );
}

// A rule that is left after the engine was asked, and gives something else than all providers.
function hasKnownEffect(plan: RoutePlan): boolean {
  return plan.effect.state === 'live' && plan.rules.some(({ then }) => then.kind !== 'all' && then.kind !== 'opaque');
}
