import { WeirError } from '../../errors/weir-error.ts';
import { convertPlan } from '../../routing/convert-plan.ts';
import type { EngineSupport, PlanScope } from '../../routing/route-plan.ts';
import { worseFidelity } from '../../routing/targets/fidelity.ts';
import { targetVersion } from '../../routing/targets/lower.ts';
import type { Fidelity, TargetName } from '../../routing/targets/target.ts';
import { type EstateFlags, readEstate } from './estate.ts';
import type { PlanRuleFile, RuleFiles } from './ports.ts';

/** `result` of `weir rules inspect --json`. */
export interface Inspection {
  readonly scripts: readonly InspectedScript[];
  readonly errors: readonly {
    readonly code: string;
    readonly path: string;
    readonly what: string;
    readonly why: string;
  }[];
}

/** One file: what it is, its effect with reasons, and how its rules would come out. */
export interface InspectedScript {
  readonly path: string;
  readonly kind: string;
  readonly form: string;
  readonly scope: PlanScope;
  readonly effect: 'live' | 'dead' | 'broken';
  readonly reasons: readonly string[];
  readonly loadedBy: readonly EngineSupport[];
  readonly fidelity: Fidelity;
  readonly rules: Readonly<Record<Fidelity, number>>;
}

/** Inspects files without writing anything; one that cannot be used is listed and stops no other. */
export async function inspectRules(
  request: EstateFlags & {
    readonly paths: readonly string[];
    readonly target: TargetName;
    readonly targetVersion?: string | undefined;
  },
  ports: { readonly files: RuleFiles; readonly plan: PlanRuleFile },
): Promise<Inspection> {
  const version = targetVersion(request.target, request.targetVersion);
  const estate = await readEstate(ports.files, request);
  const scripts: InspectedScript[] = [];
  const errors: Inspection['errors'][number][] = [];
  for (const path of await ports.files.list(request.paths)) {
    try {
      const { plan } = ports.plan(path, await ports.files.read(path), estate);
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
      const rules: Record<Fidelity, number> = { exact: 0, noted: 0, lossy: 0, refused: 0 };
      for (const rule of converted.rules) rules[rule.fidelity] += 1;
      scripts.push({
        path,
        kind: plan.source.kind,
        form: plan.source.form,
        scope: plan.scope,
        effect: plan.effect.state,
        reasons: plan.effect.reasons.map((reason) => reason.message),
        loadedBy: plan.effect.loadedBy,
        fidelity: converted.rules.map((rule) => rule.fidelity).reduce(worseFidelity, 'exact'),
        rules,
      });
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      errors.push({ code: error.code, path, what: error.message, why: error.why });
    }
  }
  return { scripts, errors };
}
