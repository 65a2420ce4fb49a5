import type { DiagnosticCode } from '../diagnostics/catalogue.ts';
import type { PlanOutcome, PlanRule } from '../route-plan.ts';
import { worseFidelity } from './fidelity.ts';
import { type GroupSubset, labelPlan, planSubsets } from './label-plan.ts';
import { opaqueCode } from './mesh-destination.ts';
import type { Fidelity, LoweredPlan, LoweredRule, LoweringFinding, LoweringInput } from './target.ts';
import { type WireCapabilities, type WireMatch, type WireRule, wireRule } from './wire-entries.ts';
import { printYaml, type YamlTree } from './yaml-text.ts';

/** Where a proxy sends a call: subsets by weight (undefined: every endpoint), or nowhere. */
export type ProxyThen =
  | {
      readonly kind: 'route';
      readonly destinations: readonly { readonly subset: string | undefined; readonly weight: number | undefined }[];
    }
  | { readonly kind: 'deny' };

/** One entry of a proxy's list: the first whose matches hold decides. */
export interface ProxyEntry {
  readonly name: string;
  readonly matches: readonly WireMatch[];
  readonly action: ProxyThen;
}

/** How one proxy language differs from the others. */
export interface ProxyDialect {
  readonly capabilities: WireCapabilities;
  /** A call can be made to fail. */
  readonly denies: boolean;
  /** Weights are honoured as they stand. */
  readonly exactWeights: boolean;
  /** The host cannot be written there. */
  readonly invalidHost: boolean;
  readonly print: (entries: readonly ProxyEntry[], subsets: readonly GroupSubset[]) => readonly YamlTree[];
}

type Lowered =
  | {
      readonly action: ProxyThen;
      readonly fidelity: Fidelity;
      readonly notes: readonly Loss[];
      readonly used: readonly string[];
    }
  | Loss;

interface Loss {
  readonly code: DiagnosticCode;
  readonly message: string;
}

/** Lowers a plan for a proxy that sees service, method and attachments; what it cannot say stays with the script. */
export function proxyLowering(input: LoweringInput, dialect: ProxyDialect): LoweredPlan {
  const subsets = planSubsets(input.plan, false);
  const byGroup = new Map(subsets.map((subset) => [subset.group.id, subset]));
  const used = new Set<string>();
  const entries: ProxyEntry[] = [];
  const rules: LoweredRule[] = [];
  const taken = new Set<string>();
  let closed = false;
  for (const rule of input.plan.rules) {
    const wire: WireRule | null = closed ? null : wireRule(rule, dialect.capabilities);
    if (wire === null) {
      rules.push({ id: rule.id, fidelity: 'exact', findings: [] });
      continue;
    }
    const findings: LoweringFinding[] = [];
    let fidelity: Fidelity = 'exact';
    const lose = (level: Fidelity, loss: Loss): void => {
      fidelity = worseFidelity(fidelity, level);
      findings.push({ ...loss, rule: rule.id });
    };
    const outcome = input.rejected.has(rule.id)
      ? { code: 'WR032' as const, message: 'The documents would not do what the script does; see the witness.' }
      : lowerOutcome(rule, byGroup, input, dialect);
    const refused = wire.unsupported !== null || !('action' in outcome);
    if (wire.unsupported !== null)
      lose('refused', { code: wire.unsupported.code, message: `${capital(wire.unsupported.why)}.` });
    if (!('action' in outcome)) lose('refused', outcome);
    else {
      for (const note of outcome.notes) lose(note.code === 'WR045' ? 'exact' : 'noted', note);
      fidelity = worseFidelity(fidelity, outcome.fidelity);
    }
    for (const code of wire.notes) lose('noted', { code, message: NOTE_TEXTS[code] ?? '' });
    const action: ProxyThen =
      refused || !('action' in outcome)
        ? { kind: 'route', destinations: [{ subset: undefined, weight: undefined }] }
        : outcome.action;
    rules.push({ id: rule.id, fidelity, findings });
    // What an entry before takes never comes to this one: Istio's analyzers call such a route shadowed (IST0130).
    const matches = wire.matches.filter((match) => !taken.has(JSON.stringify(match)));
    if (matches.length === 0) continue;
    for (const match of matches) taken.add(JSON.stringify(match));
    if (!refused && 'action' in outcome) for (const id of outcome.used) used.add(id);
    entries.push({ name: refused ? `${rule.id}-refused` : rule.id, matches, action });
    closed = wire.matches.some(
      (match) => match.service === null && match.method === null && match.attributes.length === 0,
    );
  }
  const chosen = subsets.filter((subset) => used.has(subset.group.id));
  const text = dialect.invalidHost ? null : dialect.print(entries, chosen).map(printYaml).join('---\n');
  return { text, rules, labels: labelPlan(chosen, input.providers) };
}

const NOTE_TEXTS: Partial<Record<DiagnosticCode, string>> = {
  WR030: 'The pattern is written for RE2 as a full match.',
  WR035: 'Attachments travel as headers with lower-case keys.',
};

function lowerOutcome(
  rule: PlanRule,
  subsets: ReadonlyMap<string, GroupSubset>,
  input: LoweringInput,
  dialect: ProxyDialect,
): Lowered {
  const { then } = rule;
  if (then.kind === 'all') return plain({ kind: 'route', destinations: [{ subset: undefined, weight: undefined }] });
  if (then.kind === 'deny') {
    if (dialect.denies) return plain({ kind: 'deny' });
    return { code: 'WR045', message: 'The script denies the call, and the target cannot.' };
  }
  if (then.kind === 'error') return { code: 'WR005', message: `The call fails with ${then.exception} in the script.` };
  if (then.kind === 'stale')
    return { code: 'WR006', message: 'The push of the rule fails; what stays depends on the past.' };
  if (then.kind === 'tag')
    return { code: 'WR034', message: `The rule gives the tag ${then.tag ?? 'null'}, not providers.` };
  if (then.kind === 'opaque') return { code: opaqueCode(then.code), message: then.reason };
  return lowerChoices(rule.id, then, subsets, input, dialect);
}

function lowerChoices(
  rule: string,
  then: Extract<PlanOutcome, { kind: 'route' }>,
  subsets: ReadonlyMap<string, GroupSubset>,
  input: LoweringInput,
  dialect: ProxyDialect,
): Lowered {
  const notes: Loss[] = [];
  const used: string[] = [];
  const destinations: { subset: string | undefined; weight: number | undefined }[] = [];
  let fidelity: Fidelity = 'exact';
  const single = then.choices.length === 1;
  for (const choice of then.choices) {
    const chain = choice.chain
      .flatMap((id) => subsets.get(id) ?? [])
      .filter((subset) => subset.group.where.p !== 'false');
    const [first] = chain;
    if (first === undefined && choice.otherwise === 'deny') {
      if (!single || !dialect.denies) return { code: 'WR045', message: 'No provider can be in the group.' };
      return plain({ kind: 'deny' });
    }
    if (chain.some((subset) => subset.impossible !== null))
      return { code: 'WR028', message: 'No label says "not available".' };
    if (chain.some((subset) => subset.group.weights !== undefined)) {
      return { code: 'WR041', message: 'The providers of the group have weights of their own.' };
    }
    // Proxies have no second subset: an empty one fails the call, as the script does only where it falls back to nothing.
    if (first !== undefined && (chain.length > 1 || choice.otherwise === 'all')) {
      const loss: Loss = {
        code: 'WR036',
        message: `While "${first.group.label}" is empty the script falls back, the target fails the call.`,
      };
      if (!input.accepted.has('WR036') && !input.accepted.has(`WR036@${rule}`)) return loss;
      notes.push(loss);
      fidelity = 'lossy';
    }
    if (first?.dropsAvailability === true)
      notes.push({ code: 'WR028', message: 'isAvailable() is left to health checks.' });
    if (first?.findsText === true) {
      notes.push({ code: 'WR030', message: `"${first.group.label}" is a search, no full match.` });
    }
    if (first?.group.closedWorld === true) {
      notes.push({ code: 'WR026', message: `The group "${first.group.label}" holds for the snapshot's values only.` });
    }
    if (first !== undefined) used.push(first.group.id);
    destinations.push({ subset: first?.name, weight: single ? undefined : choice.weight });
  }
  if (!single && !dialect.exactWeights)
    return { code: 'WR041', message: 'The target does not honour weights exactly.' };
  return { action: { kind: 'route', destinations }, fidelity, notes, used };
}

function plain(action: ProxyThen): Lowered {
  return { action, fidelity: 'exact', notes: [], used: [] };
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
