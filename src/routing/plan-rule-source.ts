import { createHash } from 'node:crypto';
import type { RoutingProvider, RoutingService } from './case-file.ts';
import { exploreDpathRule, exploreHsfRule, type MachineGroups } from './groovy/explore-hsf.ts';
import { type ExploredRule, exploreScript } from './groovy/explore-script.ts';
import type { LeafOutcome, PathLeaf } from './groovy/explorer.ts';
import type { MachineWorld } from './groovy/machine-core.ts';
import { parseGroovy } from './groovy/parser.ts';
import { GroovySource, type TextRange } from './groovy/source.ts';
import { minimiseRules } from './minimise-rules.ts';
import { namePlan } from './name-plan.ts';
import { rulesFromTree } from './plan-from-tree.ts';
import { exploreConditionRule } from './read/explore-conditions.ts';
import { exploreTagRule } from './read/explore-tags.ts';
import type { RuleSource } from './read/rule-source.ts';
import { type PlanNote, type PlanSource, ROUTE_PLAN_VERSION, type RoutePlan } from './route-plan.ts';
import { effectOf, engineSupport } from './rule-effect.ts';

/** What real Groovy throws for a text that does not compile. */
export const COMPILATION_ERROR = 'org.codehaus.groovy.control.MultipleCompilationErrorsException';

/** What is known about the estate; all of it may be missing. */
export interface PlanEstate {
  readonly providers?: readonly RoutingProvider[] | undefined;
  readonly services?: readonly RoutingService[] | undefined;
  readonly machineGroups?: MachineGroups;
  readonly app?: string | undefined;
}

/** The plan of a legacy rule. Never throws for what the rule does: what cannot be said is opaque. The same input gives the same plan. */
export function planRuleSource(source: RuleSource, estate: PlanEstate): RoutePlan {
  const text = new GroovySource(source.path, source.text);
  const { explored, notes } = explore(source, text, estate);
  const rules = minimiseRules(rulesFromTree(explored.tree, text));
  const named = namePlan(rules, text);
  const origin: PlanSource = {
    path: source.path,
    kind: source.kind,
    form: source.form,
    sha256: createHash('sha256').update(source.text).digest('hex'),
  };
  const span = text.span({ start: 0, end: Math.min(1, source.text.length) });
  const effect = effectOf(source, named.rules, notes, span);
  return {
    schemaVersion: ROUTE_PLAN_VERSION,
    source: origin,
    scope: { ...source.scope, providerApp: source.scope.providerApp ?? estate.app ?? null },
    effect: { ...effect, loadedBy: engineSupport(source) },
    groups: named.groups,
    rules: named.rules,
    assumptions: explored.assumptions,
    notes,
  };
}

function explore(
  source: RuleSource,
  text: GroovySource,
  estate: PlanEstate,
): { explored: ExploredRule; notes: PlanNote[] } {
  const whole: TextRange = { start: 0, end: Math.min(1, source.text.length) };
  const single = (
    outcome: LeafOutcome,
    range: TextRange,
    notes: PlanNote[] = [],
  ): { explored: ExploredRule; notes: PlanNote[] } => {
    const leaf: PathLeaf = { kind: 'leaf', outcome, range, notes: [] };
    return { explored: { tree: leaf, assumptions: [] }, notes };
  };
  if (!source.enabled) {
    return single({ kind: 'all' }, whole, [
      { code: 'disabled', message: 'the rule is switched off (enabled: false)', span: text.span(whole) },
    ]);
  }
  if (source.kind === 'condition') return { explored: exploreConditionRule(source, text), notes: [] };
  if (source.kind === 'tag') return { explored: exploreTagRule(source, text, estate.providers ?? []), notes: [] };
  if (source.language !== 'groovy') {
    const reason = `a script in ${source.language}: only Groovy is read`;
    return single({ kind: 'opaque', code: 'unsupported', reason, span: text.span(whole) }, whole);
  }
  const parsed = parseGroovy(text);
  const [problem] = parsed.errors;
  if (problem) {
    const notes = parsed.errors.map((error) => ({
      code: 'syntax-error',
      message: error.message,
      span: text.span(error.range),
    }));
    if (problem.limit)
      return single(
        { kind: 'opaque', code: 'size-limit', reason: problem.message, span: text.span(problem.range) },
        problem.range,
        notes,
      );
    return single({ kind: 'all', ignored: COMPILATION_ERROR }, problem.range, notes);
  }
  const world: MachineWorld = {
    call: null,
    providers: estate.providers ?? [],
    snapshot: (estate.providers?.length ?? 0) > 0,
    services: estate.services ?? [],
  };
  if (source.kind === 'hsf-routing-rule')
    return { explored: exploreHsfRule(parsed, world, estate.machineGroups), notes: [] };
  if (source.kind === 'hsf-dpath-rule') return { explored: exploreDpathRule(parsed, world), notes: [] };
  return { explored: exploreScript(parsed, world), notes: [] };
}
