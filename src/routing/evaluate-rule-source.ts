import type { CaseFile, RoutingCall } from './case-file.ts';
import { type CallOutcome, evaluatePlan } from './evaluate-plan.ts';
import { exploreDpathRule, exploreHsfRule } from './groovy/explore-hsf.ts';
import { exploreScript } from './groovy/explore-script.ts';
import type { DecisionTree, LeafOutcome } from './groovy/explorer.ts';
import type { MachineWorld } from './groovy/machine-core.ts';
import type { ParsedGroovy } from './groovy/parser.ts';
import { parseGroovy } from './groovy/parser.ts';
import { GroovySource } from './groovy/source.ts';
import { COMPILATION_ERROR, planRuleSource } from './plan-rule-source.ts';
import type { RuleSource } from './read/rule-source.ts';

const parsedTexts = new WeakMap<RuleSource, ParsedGroovy>();

/**
 * What a legacy rule does with one call, in weir's model of Groovy 2.4 and of the routers around it. Random draws give a
 * `split`; what needs the clock, I/O or state, and calls that weir does not know, are `opaque`.
 */
export function evaluateRuleSource(source: RuleSource, call: RoutingCall, known: CaseFile): CallOutcome {
  const { providers } = known;
  if (source.kind === 'condition' || source.kind === 'tag')
    return evaluatePlan(planRuleSource(source, known), call, providers).outcome;
  const everyone = {
    kind: 'providers',
    ids: providers.filter((provider) => !call.only || call.only.includes(provider.id)).map((provider) => provider.id),
  } as const;
  if (!source.enabled) return everyone;
  if (source.language !== 'groovy')
    return { kind: 'opaque', reason: `scripts in ${source.language} are not evaluated` };
  let parsed = parsedTexts.get(source);
  if (!parsed) {
    parsed = parseGroovy(new GroovySource(source.path, source.text));
    parsedTexts.set(source, parsed);
  }
  const [problem] = parsed.errors;
  if (problem)
    return problem.limit
      ? { kind: 'opaque', reason: problem.message }
      : { kind: 'ignored', exception: COMPILATION_ERROR };
  const world: MachineWorld = { call, providers, snapshot: true, services: known.services, types: known.types };
  const explored =
    source.kind === 'hsf-routing-rule'
      ? exploreHsfRule(parsed, world, known.machineGroups)
      : source.kind === 'hsf-dpath-rule'
        ? exploreDpathRule(parsed, world)
        : exploreScript(parsed, world);
  return outcomeOfTree(explored.tree, known);
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
