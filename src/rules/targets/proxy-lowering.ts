/** The lowering that proxies share: a list of routes over service, method and attachments. */
import type { DiagnosticCode } from '../diagnostics/catalogue.ts';
import { RuleOverlap } from '../equivalence/rule-overlap.ts';
import { describeGroup } from '../plan/describe-rule.ts';
import type { PlanOutcome, PlanRule } from '../plan/route-plan.ts';
import { entryComment } from './entry-comment.ts';
import { refusedName } from './entry-name.ts';
import { type OrderedItem, orderEntries } from './entry-order.ts';
import { worseFidelity } from './fidelity.ts';
import { keepReachable } from './keep-reachable.ts';
import { type GroupSubset, labelPlan, planSubsets, usedSubsets } from './label-plan.ts';
import { opaqueCode } from './mesh-destination.ts';
import type { Fidelity, LoweredPlan, LoweredRule, LoweringFinding, LoweringInput } from './target.ts';
import { type WireCapabilities, type WireRule, wireRule } from './wire-entries.ts';
import { type JoinableEntry, joinWireEntries } from './wire-join.ts';
import { printYaml, type YamlTree } from './yaml-text.ts';

/** Where a proxy sends a call: subsets by weight (undefined: every endpoint), or nowhere. */
export type ProxyThen =
  | {
      readonly kind: 'route';
      readonly destinations: readonly { readonly subset: string | undefined; readonly weight: number | undefined }[];
    }
  | { readonly kind: 'deny' };

/** One entry of a proxy's list: the first whose matches hold decides. */
export interface ProxyEntry extends JoinableEntry {
  readonly action: ProxyThen;
}

/** An entry with its name and the lines of comment above it. */
export interface NamedEntry extends ProxyEntry {
  readonly name: string;
  readonly comment: readonly string[];
}

/** The parts in which one proxy language differs from the others. */
export interface ProxyDialect {
  readonly capabilities: WireCapabilities;
  /** A call can be made to fail. */
  readonly denies: boolean;
  /** Weights are honoured as they stand. */
  readonly exactWeights: boolean;
  /** The host cannot be written there. */
  readonly invalidHost: boolean;
  readonly print: (entries: readonly NamedEntry[], subsets: readonly GroupSubset[]) => readonly YamlTree[];
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

interface ProxyItem extends OrderedItem {
  readonly wire: WireRule;
  readonly outcome: Lowered;
}

/** Lowers a plan for a proxy that sees service, method and attachments; what it cannot say stays with the script. */
export function proxyLowering(input: LoweringInput, dialect: ProxyDialect): LoweredPlan {
  const subsets = planSubsets(input.plan, false);
  const byGroup = new Map(subsets.map((subset) => [subset.group.id, subset]));
  const ordered = orderEntries(proxyItems(input, dialect, byGroup), input.overlap ?? new RuleOverlap(input.plan));
  const lost = new Map(ordered.map((item) => [item.rule.id, lossesOf(item)]));
  const rules = input.plan.rules.map(
    ({ id }): LoweredRule => ({ id, ...(lost.get(id) ?? { fidelity: 'exact', findings: [] }) }),
  );
  const raw = ordered.map((item): ProxyEntry => {
    const rule = item.rule.id;
    if (item.refused || !('action' in item.outcome)) {
      return { rules: [rule], refused: true, matches: item.wire.matches, action: EVERYWHERE };
    }
    return { rules: [rule], refused: false, matches: item.wire.matches, action: item.outcome.action };
  });
  const reasons = new Map(ordered.map(({ rule, wire, outcome }) => [rule.id, reasonOf(wire, outcome)]));
  const entries = tidied(raw, input.unreachable).map((entry): NamedEntry => {
    const name = entry.refused ? refusedName(entry.rules) : entry.rules.join('-');
    return { ...entry, name, comment: entryComment(input, entry, (rule) => reasons.get(rule) ?? FRONT) };
  });
  const kept = new Set(entries.flatMap((entry) => (entry.refused ? [] : entry.rules)));
  const used = ordered.flatMap(({ rule, outcome }) => (kept.has(rule.id) && 'action' in outcome ? outcome.used : []));
  const chosen = usedSubsets(subsets, new Set(used));
  const text = dialect.invalidHost ? null : dialect.print(entries, chosen).map(printYaml).join('---\n');
  const count = raw.reduce((sum, entry) => sum + entry.matches.length, 0);
  return { text, rules, labels: labelPlan(chosen, input.providers), entries: count };
}

const FRONT = 'an entry in front of it takes its calls';

function reasonOf(wire: WireRule, outcome: Lowered): string {
  const why = wire.unsupported?.why ?? ('action' in outcome ? FRONT : outcome.message);
  return why.replace(/\.$/, '');
}

const DENIED: Loss = {
  code: 'WR045',
  message: 'The script denies the call; every provider is called instead, as --when-empty all says.',
};

const EVERYWHERE: ProxyThen = { kind: 'route', destinations: [{ subset: undefined, weight: undefined }] };

function* proxyItems(
  input: LoweringInput,
  dialect: ProxyDialect,
  subsets: ReadonlyMap<string, GroupSubset>,
): Generator<ProxyItem> {
  for (const rule of input.plan.rules) {
    const wire = wireRule(rule, dialect.capabilities);
    if (wire === null) continue;
    const rejection = input.rejected.get(rule.id);
    const outcome =
      rejection !== undefined
        ? { code: 'WR032' as const, message: rejection }
        : lowerOutcome(rule, subsets, input, dialect);
    const place = 'action' in outcome ? JSON.stringify(outcome.action) : null;
    const takesAll = wire.matches.some(
      (match) => match.service === null && match.method === null && match.attributes.length === 0,
    );
    yield { rule, refused: wire.unsupported !== null || place === null, takesAll, place, wire, outcome };
  }
}

// Losses of an item, by its match and by its outcome.
function lossesOf({ rule, wire, outcome }: ProxyItem): Omit<LoweredRule, 'id'> {
  const findings: LoweringFinding[] = [];
  let fidelity: Fidelity = 'exact';
  const lose = (level: Fidelity, loss: Loss): void => {
    fidelity = worseFidelity(fidelity, level);
    findings.push({ ...loss, rule: rule.id });
  };
  if (wire.unsupported !== null)
    lose('refused', { code: wire.unsupported.code, message: `${capital(wire.unsupported.why)}.` });
  if (!('action' in outcome)) lose('refused', outcome);
  else {
    for (const note of outcome.notes) lose(note.code === 'WR045' ? 'exact' : 'noted', note);
    fidelity = worseFidelity(fidelity, outcome.fidelity);
  }
  for (const code of wire.notes) lose('noted', { code, message: NOTE_TEXTS[code] ?? '' });
  return { fidelity, findings };
}

// Entries count one for each match, as the models count them; what no call reaches is left out, neighbours are joined.
function tidied(raw: readonly ProxyEntry[], unreachable: LoweringInput['unreachable']): readonly ProxyEntry[] {
  if (unreachable === undefined) return raw;
  let at = 0;
  const reached = raw.map((entry) => ({ ...entry, matches: entry.matches.filter(() => !unreachable.has(at++)) }));
  return joinWireEntries(keepReachable(reached, (entry) => entry.matches.length > 0));
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
    if (input.whenEmpty === 'all') return { ...plain(EVERYWHERE), fidelity: 'noted', notes: [DENIED] };
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
      if (single && dialect.denies) return plain({ kind: 'deny' });
      if (single && input.whenEmpty === 'all') return { ...plain(EVERYWHERE), fidelity: 'noted', notes: [DENIED] };
      return { code: 'WR045', message: 'No provider can be in the group.' };
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
        message: `While "${describeGroup(first.group)}" is empty the script falls back, the target fails the call.`,
      };
      const isDenied = input.whenEmpty === 'deny';
      if (!isDenied && !input.accepted.has('WR036') && !input.accepted.has(`WR036@${rule}`)) return loss;
      notes.push(loss);
      fidelity = isDenied ? worseFidelity(fidelity, 'noted') : 'lossy';
    }
    if (first?.dropsAvailability === true)
      notes.push({ code: 'WR028', message: 'isAvailable() is left to health checks.' });
    if (first?.findsText === true) {
      notes.push({ code: 'WR030', message: `"${describeGroup(first.group)}" is a search, no full match.` });
    }
    if (first?.group.closedWorld === true) {
      notes.push({
        code: 'WR026',
        message: `The group "${describeGroup(first.group)}" holds for the snapshot's values only.`,
      });
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
