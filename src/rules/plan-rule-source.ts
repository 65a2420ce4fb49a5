/** Makes the plan of a legacy rule: reads the text, follows its paths, minimises the rules. */
import { hash } from 'node:crypto';
import type { RoutingProvider, RoutingService } from './case-file.ts';
import { checkCompiles } from './groovy/knowledge/compile-check.ts';
import { isOfLibrary } from './groovy/knowledge/known-libraries.ts';
import { exploreDpathRule, exploreHsfRule, type MachineGroups } from './groovy/machine/explore-hsf.ts';
import { type ExploredRule, exploreScript } from './groovy/machine/explore-script.ts';
import type { LeafOutcome, PathLeaf } from './groovy/machine/explorer.ts';
import type { MachineWorld } from './groovy/machine/machine-core.ts';
import type { Script } from './groovy/syntax/ast.ts';
import { parseGroovy } from './groovy/syntax/parser.ts';
import { GroovySource, type TextRange } from './groovy/syntax/source.ts';
import { exploreJavaScript, JAVASCRIPT_NAMES } from './javascript/explore-javascript.ts';
import { minimiseRules } from './plan/minimise-rules.ts';
import { namePlan } from './plan/name-plan.ts';
import { rulesFromTree } from './plan/plan-from-tree.ts';
import { type PlanNote, type PlanSource, ROUTE_PLAN_VERSION, type RoutePlan } from './plan/route-plan.ts';
import { carrierNotes, effectOf, engineSupport } from './plan/rule-effect.ts';
import { dubboOfScript } from './read/dubbo-of-script.ts';
import { conditionFault } from './read/explore-conditions.ts';
import { exploreRouterRule } from './read/explore-router.ts';
import type { RouterEngine } from './read/router-behaviour.ts';
import { type ResolvedScope, resolveScope, type ScopeEstate } from './read/rule-scope.ts';
import type { RuleSource } from './read/rule-source.ts';

/** Exception of real Groovy for a text that does not compile. */
export const COMPILATION_ERROR = 'org.codehaus.groovy.control.MultipleCompilationErrorsException';

/** Facts about the estate; all of them may be missing. */
export interface PlanEstate extends ScopeEstate {
  readonly services?: readonly RoutingService[] | undefined;
  readonly machineGroups?: MachineGroups;
  /** The line of Dubbo whose routers read condition and tag rules; without it, differences are noted. */
  readonly engine?: RouterEngine | undefined;
}

/**
 * The plan of a legacy rule. Never throws for the rule's content; unknown parts become opaque. Equal input, equal plan.
 */
export function planRuleSource(source: RuleSource, estate: PlanEstate): RoutePlan {
  const text = new GroovySource(source.path, source.text);
  const { explored, notes } = explore(source, text, estate);
  const rules = minimiseRules(rulesFromTree(explored.tree, text));
  const named = namePlan(rules, text);
  const origin: PlanSource = {
    path: source.path,
    kind: source.kind,
    form: source.form,
    ...(source.kind === 'dubbo-script' ? { language: source.language } : {}),
    sha256: hash('sha256', source.text),
  };
  const span = text.span({ start: 0, end: Math.min(1, source.text.length) });
  const effect = effectOf(source, named.rules, notes, span, estate.engine);
  const resolved = resolveScope(source, estate);
  return {
    schemaVersion: ROUTE_PLAN_VERSION,
    source: origin,
    scope: resolved.scope,
    effect: { ...effect, loadedBy: engineSupport(source) },
    groups: named.groups,
    rules: named.rules,
    assumptions: explored.assumptions,
    ...(explored.callAssumptions === undefined ? {} : { callAssumptions: explored.callAssumptions }),
    notes: [
      ...notes,
      ...carrierNotes(source, span),
      ...scopeNotes(resolved, span),
      ...severalApps(estate.providers ?? [], span),
      ...leftOut(explored, source, estate.providers ?? [], span),
    ],
  };
}

function scopeNotes({ refusal, question }: ResolvedScope, span: PlanNote['span']): PlanNote[] {
  if (refusal !== null) return [{ code: 'WR073', message: refusal, span }];
  return question === null ? [] : [{ code: 'WR074', message: question, span }];
}

/** A rule for one provider application takes the calls of another behind the same interface. */
function severalApps(providers: readonly RoutingProvider[], span: PlanNote['span']): PlanNote[] {
  const apps = new Set(providers.flatMap(({ params }) => params.application ?? []));
  if (apps.size < 2) return [];
  return [{ code: 'WR048', message: `the snapshot has providers of ${[...apps].sort().join(' and ')}`, span }];
}

/** The calls, and the providers, that the plan leaves out although a Dubbo may meet them. */
function leftOut(
  explored: ExploredRule,
  { kind }: RuleSource,
  providers: readonly RoutingProvider[],
  span: PlanNote['span'],
): PlanNote[] {
  const reasons = (explored.callAssumptions ?? []).filter(({ certain }) => !certain).map(({ why }) => why);
  if (kind === 'tag' && providers.length === 0 && reasons.length > 0)
    reasons.push('a provider is registered with a loopback or link-local address (a registry snapshot would tell)');
  return reasons.length === 0 ? [] : [{ code: 'WR071', message: `left out: ${reasons.join('; ')}`, span }];
}

/** Why a rule is not in force, if it is not. */
function switchedOff(source: RuleSource, span: PlanNote['span']): PlanNote[] {
  const own = source.kind === 'tag' ? '; the own tags of the providers (dubbo.tag) route as without a rule' : '';
  if (!source.enabled) return [{ code: 'disabled', message: `the rule is switched off (enabled: false)${own}`, span }];
  return source.valid ? [] : [{ code: 'disabled', message: `the rule says valid: false${own}`, span }];
}

/** The classes of libraries without which a script does not compile. */
function libraryNotes({ statements }: Script, text: GroovySource): PlanNote[] {
  return statements.flatMap((statement) => {
    if (statement.kind !== 'import' || statement.star || !isOfLibrary(statement.name)) return [];
    const message = `${statement.name} is taken to be on the consumers' class path; without it the script does not compile`;
    return [{ code: 'WR076', message, span: text.span(statement) }];
  });
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
  const off = switchedOff(source, text.span(whole));
  if (source.unread !== undefined) {
    const span = text.span(whole);
    if (off.length > 0) return single({ kind: 'all' }, whole, off);
    const known = {
      code: 'WR072',
      message: `weir knows this kind of rule and does not convert it: ${source.unread}`,
      span,
    };
    return single({ kind: 'opaque', code: 'unsupported', reason: source.unread, span }, whole, [known]);
  }
  if (source.kind === 'tag') {
    const explored = exploreRouterRule(source, text, estate.providers ?? [], estate.engine);
    return { explored, notes: off };
  }
  if (off.length > 0) return single({ kind: 'all' }, whole, off);
  if (source.kind === 'condition') {
    const explored = exploreRouterRule(source, text, estate.providers ?? [], estate.engine);
    const fault = conditionFault(source, text);
    const notes = fault
      ? [
          {
            code: 'syntax-error',
            message: `Dubbo loads none of the rule: ${fault.fault}`,
            span: text.span(fault.range),
          },
        ]
      : [];
    return { explored, notes };
  }
  if (JAVASCRIPT_NAMES.has(source.language)) return exploreJavaScript(text, estate.providers ?? []);
  if (source.language !== 'groovy') {
    const reason = `a script in ${source.language}: only Groovy and JavaScript are read`;
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
    // A text that weir cannot read may still be Groovy. Only causes that the real compiler confirmed make a rule
    // broken.
    if (parsed.errors.some((error) => error.compileCause !== null && !error.limit))
      return single({ kind: 'all', ignored: COMPILATION_ERROR }, problem.range, notes);
    const code = problem.limit ? 'size-limit' : 'unsupported';
    const reason = problem.limit ? problem.message : `weir cannot read this: ${problem.message}`;
    return single({ kind: 'opaque', code, reason, span: text.span(problem.range) }, problem.range);
  }
  const finding = checkCompiles(parsed.script);
  if (finding) {
    const span = text.span(finding.range);
    if (finding.cause !== null)
      return single({ kind: 'all', ignored: COMPILATION_ERROR }, finding.range, [
        { code: 'syntax-error', message: finding.reason, span },
      ]);
    return single({ kind: 'opaque', code: 'unsupported', reason: finding.reason, span }, finding.range);
  }
  const world: MachineWorld = {
    call: null,
    providers: estate.providers ?? [],
    snapshot: (estate.providers?.length ?? 0) > 0,
    services: estate.services ?? [],
    runsIn: dubboOfScript(source, estate.engine),
  };
  if (source.kind === 'hsf-routing-rule')
    return { explored: exploreHsfRule(parsed, world, estate.machineGroups), notes: [] };
  if (source.kind === 'hsf-dpath-rule') return { explored: exploreDpathRule(parsed, world), notes: [] };
  return { explored: exploreScript(parsed, world), notes: libraryNotes(parsed.script, text) };
}
