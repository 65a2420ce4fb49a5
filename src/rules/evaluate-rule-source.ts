/** Answers a call out of a legacy rule, without a plan. */
import type { CaseFile, RoutingCall } from './case-file.ts';
import { checkCompiles } from './groovy/knowledge/compile-check.ts';
import { exploreDpathRule, exploreHsfRule } from './groovy/machine/explore-hsf.ts';
import { exploreScript } from './groovy/machine/explore-script.ts';
import type { DecisionTree, LeafOutcome } from './groovy/machine/explorer.ts';
import type { MachineWorld } from './groovy/machine/machine-core.ts';
import type { ParsedGroovy } from './groovy/syntax/parser.ts';
import { parseGroovy } from './groovy/syntax/parser.ts';
import { GroovySource } from './groovy/syntax/source.ts';
import { JAVASCRIPT_NAMES, runJavaScript } from './javascript/explore-javascript.ts';
import type { CallOutcome } from './plan/call-outcome.ts';
import { COMPILATION_ERROR } from './plan-rule-source.ts';
import { dubboOfScript } from './read/dubbo-of-script.ts';
import { routeOneCall } from './read/explore-router.ts';
import type { RouterEngine } from './read/router-behaviour.ts';
import type { RuleSource } from './read/rule-source.ts';

/** What is known of a text before any call: parsed once, and looked through once for what does not compile. */
interface CheckedGroovy {
  readonly parsed: ParsedGroovy;
  readonly finding: ReturnType<typeof checkCompiles>;
}

const checkedTexts = new WeakMap<RuleSource, CheckedGroovy>();

/**
 * The outcome of a legacy rule for one call, in weir's model of Groovy 2.4 and of the routers around it. Random draws
 * give a `split`. Reads of the clock, I/O or state, and methods that weir does not know, are `opaque`.
 */
export function evaluateRuleSource(
  source: RuleSource,
  call: RoutingCall,
  known: CaseFile & { readonly engine?: RouterEngine | undefined },
): CallOutcome {
  const { providers } = known;
  const inForce = source.enabled && source.valid;
  if (source.unread !== undefined && inForce) return { kind: 'opaque', reason: source.unread };
  if (source.kind === 'tag' || (source.kind === 'condition' && inForce))
    return routeOneCall(source, new GroovySource(source.path, source.text), call, providers, known.engine);
  const everyone = {
    kind: 'providers',
    ids: providers.filter((provider) => !call.only || call.only.includes(provider.id)).map((provider) => provider.id),
  } as const;
  if (!inForce) return everyone;
  if (JAVASCRIPT_NAMES.has(source.language))
    return runJavaScript(new GroovySource(source.path, source.text), call, providers);
  if (source.language !== 'groovy')
    return { kind: 'opaque', reason: `scripts in ${source.language} are not evaluated` };
  const { parsed, finding } = checkedGroovy(source);
  const [problem] = parsed.errors;
  if (problem)
    return parsed.errors.some((error) => error.compileCause !== null && !error.limit)
      ? { kind: 'ignored', exception: COMPILATION_ERROR }
      : { kind: 'opaque', reason: problem.message };
  if (finding)
    return finding.cause === null
      ? { kind: 'opaque', reason: finding.reason }
      : { kind: 'ignored', exception: COMPILATION_ERROR };
  const { services, types, engine } = known;
  const runsIn = dubboOfScript(source, engine);
  const world: MachineWorld = { call, providers, snapshot: true, services, types, runsIn };
  const explored =
    source.kind === 'hsf-routing-rule'
      ? exploreHsfRule(parsed, world, known.machineGroups)
      : source.kind === 'hsf-dpath-rule'
        ? exploreDpathRule(parsed, world)
        : exploreScript(parsed, world);
  return outcomeOfTree(explored.tree, known);
}

function checkedGroovy(source: RuleSource): CheckedGroovy {
  const known = checkedTexts.get(source);
  if (known !== undefined) return known;
  const parsed = parseGroovy(new GroovySource(source.path, source.text));
  const checked = { parsed, finding: parsed.errors.length > 0 ? null : checkCompiles(parsed.script) };
  checkedTexts.set(source, checked);
  return checked;
}

function outcomeOfTree(tree: DecisionTree, known: CaseFile): CallOutcome {
  if (tree.kind === 'leaf') return outcomeOfLeaf(tree.outcome, known);
  if (tree.atom.on !== 'draw' || !tree.yes || !tree.no)
    return { kind: 'opaque', reason: 'the rule asks for something that one call does not tell' };
  const { yes, no } = tree.atom;
  const parts = [
    ...shares(outcomeOfTree(tree.yes, known), yes / (yes + no)),
    ...shares(outcomeOfTree(tree.no, known), no / (yes + no)),
  ];
  const merged = new Map<string, { outcome: CallOutcome; share: number }>();
  for (const part of parts) {
    const key = JSON.stringify(part.outcome);
    merged.set(key, { outcome: part.outcome, share: part.share + (merged.get(key)?.share ?? 0) });
  }
  const [only] = merged.values();
  return merged.size === 1 && only ? only.outcome : { kind: 'split', parts: [...merged.values()] };
}

function shares(outcome: CallOutcome, share: number): { outcome: CallOutcome; share: number }[] {
  if (outcome.kind !== 'split') return [{ outcome, share }];
  return outcome.parts.map((part) => ({ outcome: part.outcome, share: part.share * share }));
}

function outcomeOfLeaf(outcome: LeafOutcome, known: CaseFile): CallOutcome {
  switch (outcome.kind) {
    case 'members': {
      const ids = outcome.indexes.flatMap((index) => known.providers[index]?.id ?? []);
      return { kind: 'providers', ids, ...reducedWeights(ids, outcome.weights) };
    }
    case 'all':
      return outcome.ignored === undefined
        ? { kind: 'providers', ids: known.providers.map((provider) => provider.id) }
        : { kind: 'ignored', exception: outcome.ignored };
    case 'deny':
      return { kind: 'providers', ids: [] };
    case 'error':
      return { kind: 'error', exception: outcome.exception };
    case 'stale':
      return { kind: 'stale' };
    case 'tag':
      return { kind: 'tag', tag: outcome.tag };
    case 'opaque':
      return { kind: 'opaque', reason: outcome.reason };
    case 'group':
      return { kind: 'opaque', reason: 'the rule was not followed for this call' };
  }
}

/** Weights divided by their common divisor; none where all are equal. */
function reducedWeights(
  ids: readonly string[],
  weights: readonly number[] | undefined,
): { weights?: Record<string, number> } {
  if (!weights || weights.every((weight) => weight === weights[0])) return {};
  const divisor = weights.reduce((a, b) => gcd(a, b), 0);
  return { weights: Object.fromEntries(ids.map((id, i) => [id, (weights[i] ?? 1) / divisor])) };
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
