/** The target dubbo-mesh: VirtualService and DestinationRule in Dubbo's dialect. */
import type { DiagnosticCode } from '../diagnostics/catalogue.ts';
import { RuleOverlap } from '../equivalence/rule-overlap.ts';
import { conditionHolds } from '../plan/evaluate-plan.ts';
import { leavesOf } from '../plan/plan-term.ts';
import type { PlanRule } from '../plan/route-plan.ts';
import { emptyCall } from './empty-call.ts';
import { entryComment } from './entry-comment.ts';
import { type OrderedItem, orderEntries } from './entry-order.ts';
import { worseFidelity } from './fidelity.ts';
import { keepReachable } from './keep-reachable.ts';
import { type GroupSubset, labelPlan, planSubsets, usedSubsets } from './label-plan.ts';
import { readsSignature, type SplitConditions, splitConditions } from './leaf-conditions.ts';
import { type ArgumentState, type BlockContext, blockRule, type MeshSignature, splitStates } from './mesh-block.ts';
import { ALL_SUBSET, meshDestinations } from './mesh-destination.ts';
import { entryName, joinEntries, type MeshEntry, type MeshRouteEntries, shareRoutes } from './mesh-entries.ts';
import type { Fidelity, LoweredPlan, LoweringFinding, LoweringInput } from './target.ts';
import { printYaml, YamlCommented, type YamlTree } from './yaml-text.ts';

/** Versions of Dubbo's rule dialect: how the entries of one `match` list are joined. */
export const DUBBO_MESH_VERSIONS = ['and-match', 'or-match'] as const;

const API_VERSION = 'service.dubbo.apache.org/v1alpha1';

/**
 * Lowers a plan to a VirtualService with `spec.dubbo` and its DestinationRule. One match entry a detail, so both versions of
 * the dialect read the same. A rule that cannot be said becomes a detail `<rule>-refused` that gives all providers and takes
 * at least the rule's calls: those stay with the script.
 */
export function lowerDubboMesh(input: LoweringInput): LoweredPlan {
  return new MeshLowering(input).lower();
}

interface MeshItem extends OrderedItem {
  readonly outcome: Extract<ReturnType<typeof blockRule>, { kind: 'details' }>;
  readonly destinations: ReturnType<typeof meshDestinations>;
}

class MeshLowering {
  private readonly input: LoweringInput;
  private readonly splits = new Map<string, SplitConditions>();
  private readonly subsets: readonly GroupSubset[];
  /** By rule: the groups to which its entries send calls. */
  private readonly used = new Map<string, ReadonlySet<string>>();
  /** By rule: why its calls stay with the script. */
  private readonly reasons = new Map<string, string>();
  private readonly fidelity = new Map<string, Fidelity>();
  private readonly findings = new Map<string, LoweringFinding>();
  private readonly host: string;
  private readonly overlap: RuleOverlap;
  /** True while details for unknown signatures are written. A loss there is no loss of a known call. */
  private beyond = false;

  constructor(input: LoweringInput) {
    this.input = input;
    this.host = input.plan.scope.providerApp ?? input.name;
    this.subsets = planSubsets(input.plan, true);
    this.overlap = input.overlap ?? new RuleOverlap(input.plan);
    for (const rule of input.plan.rules) this.splits.set(rule.id, splitConditions(rule));
  }

  lower(): LoweredPlan {
    const raw = this.routes();
    const without = (unreachable: ReadonlySet<number>): LoweredPlan => this.finished(raw, unreachable);
    return { ...this.finished(raw, this.input.unreachable), without };
  }

  private finished(raw: readonly MeshRouteEntries[], unreachable: ReadonlySet<number> | undefined): LoweredPlan {
    const routes = this.tidied(raw, unreachable);
    const findings = Map.groupBy(this.findings.values(), (finding) => finding.rule);
    const rules = this.input.plan.rules.map((rule) => ({
      id: rule.id,
      fidelity: this.fidelity.get(rule.id) ?? ('exact' as const),
      findings: findings.get(rule.id) ?? [],
    }));
    const kept = new Set(
      routes.flatMap(({ entries }) => entries.flatMap((entry) => (entry.refused ? [] : entry.rules))),
    );
    const used = new Set<string>();
    for (const [id, groups] of this.used) if (kept.has(id)) for (const group of groups) used.add(group);
    const subsets = usedSubsets(this.subsets, used);
    const entries = raw.reduce((sum, route) => sum + route.entries.length, 0);
    return { text: this.documents(routes, subsets), rules, labels: labelPlan(subsets, this.input.providers), entries };
  }

  // Without the entries that no call reaches, as far as somebody has looked; then neighbours and services are joined.
  private tidied(raw: readonly MeshRouteEntries[], unreachable: ReadonlySet<number> | undefined): MeshRouteEntries[] {
    if (unreachable === undefined) return [...raw];
    let at = 0;
    const kept = raw.map(({ services, entries }) => ({
      services,
      entries: joinEntries(keepReachable(entries, () => !unreachable.has(at++))),
    }));
    return shareRoutes(kept);
  }

  private documents(routes: readonly MeshRouteEntries[], used: readonly GroupSubset[]): string {
    const metadata = { name: this.input.name };
    const subsets: YamlTree[] = [{ name: ALL_SUBSET, labels: {} }];
    for (const subset of used) subsets.push({ name: subset.name, labels: { ...subset.labels } });
    const virtualService = printYaml({
      apiVersion: API_VERSION,
      kind: 'VirtualService',
      metadata,
      spec: { hosts: [this.host], dubbo: routes.map((route) => this.routeTree(route, routes.length)) },
    });
    const destinationRule = printYaml({
      apiVersion: API_VERSION,
      kind: 'DestinationRule',
      metadata,
      spec: { host: this.host, subsets },
    });
    return `${virtualService}---\n${destinationRule}`;
  }

  private routeTree({ services, entries }: MeshRouteEntries, count: number): YamlTree {
    const name = services === null ? (count === 1 ? 'all-services' : 'other-services') : services.join('-');
    return {
      name,
      services: services?.map((service) => ({ exact: service })),
      routedetail: entries.map((entry) => {
        const match = entry.match === null ? undefined : [entry.match];
        const tree = { name: entryName(entry), match, route: entry.route };
        return new YamlCommented(
          entryComment(
            this.input,
            entry,
            (rule) => this.reasons.get(rule) ?? 'an entry in front of it takes its calls',
          ),
          tree,
        );
      }),
    };
  }

  private routes(): MeshRouteEntries[] {
    const { plan, services } = this.input;
    const reads = (test: (leaf: string) => boolean): boolean =>
      plan.rules.some((rule) => rule.when.some((condition) => leavesOf(condition.term).some((leaf) => test(leaf.t))));
    const byService = reads((leaf) => leaf === 'service');
    const bySignature = reads((leaf) => leaf === 'arg' || leaf.startsWith('param') || leaf === 'argCount');
    const scope = plan.scope.service;
    const names = new Set<string>(scope === null ? [] : [scope]);
    if (scope === null && (byService || bySignature)) {
      // Dubbo compares bare names: one with a version or group in it matches nothing.
      const isBare = (name: string): boolean => !/[:/]/.test(name);
      for (const service of services) if (isBare(service.interface)) names.add(service.interface);
      for (const name of this.namedServices()) if (isBare(name)) names.add(name);
    }
    const routes: MeshRouteEntries[] = [...names].map((name) => ({
      services: [name],
      entries: this.serviceDetails(name, names),
    }));
    if (scope === null) {
      this.beyond = names.size > 0;
      routes.push({ services: null, entries: this.serviceDetails(null, names) });
      this.beyond = false;
    }
    return routes;
  }

  private namedServices(): string[] {
    return this.input.plan.rules.flatMap((rule) =>
      rule.when.flatMap(({ term, test }) =>
        term.t === 'service' && test.op === 'eq'
          ? test.values.flatMap((value) => ('v' in value ? [String(value.v)] : []))
          : [],
      ),
    );
  }

  private serviceDetails(service: string | null, namedServices: ReadonlySet<string>): MeshEntry[] {
    const known = this.input.services.find((candidate) => candidate.interface === service);
    const details: MeshEntry[] = [];
    const seen = new Set<string>();
    for (const { name, paramTypes } of known?.methods ?? []) {
      const signature = { method: name, paramTypes };
      const key = JSON.stringify(signature);
      if (seen.has(key) || !this.needsBlock(service, signature)) continue;
      seen.add(key);
      details.push(...this.blockDetails({ service, namedServices, signature, states: new Map() }));
    }
    const beyond = this.beyond;
    this.beyond ||= known !== undefined;
    details.push(...this.blockDetails({ service, namedServices, signature: null, states: new Map() }));
    this.beyond = beyond;
    return details;
  }

  // A method needs details of its own when a rule about arguments can reach it.
  private needsBlock(service: string | null, signature: MeshSignature): boolean {
    const call = { ...emptyCall(), service: service ?? '', method: signature.method };
    return this.input.plan.rules.some((rule) => {
      const split = this.splits.get(rule.id);
      if (split === undefined || !split.single.some(({ leaf }) => readsSignature(leaf))) {
        return split?.joint.some((condition) => leavesOf(condition.term).some((leaf) => leaf.t === 'arg')) ?? false;
      }
      return split.single.every(
        ({ leaf, conditions }) =>
          (leaf.t !== 'method' && leaf.t !== 'service') ||
          conditions.every((condition) => conditionHolds(condition, call)),
      );
    });
  }

  private blockDetails(context: BlockContext): MeshEntry[] {
    let split: number | null = null;
    const items = function* (this: MeshLowering): Generator<MeshItem> {
      for (const rule of this.input.plan.rules) {
        const parts = this.splits.get(rule.id);
        if (parts === undefined) continue;
        const outcome = blockRule(rule, parts, context);
        if (outcome.kind === 'dropped') continue;
        if (outcome.kind === 'split') {
          split = outcome.argument;
          return;
        }
        const destinations = this.destinations(rule);
        const place = destinations.kind === 'route' ? JSON.stringify(destinations.route) : null;
        const refused = outcome.unsupported !== null || place === null;
        yield { rule, refused, takesAll: outcome.takesAll, place, outcome, destinations };
      }
    };
    const ordered = orderEntries(items.call(this), this.overlap);
    if (split !== null) return this.cutBlock(context, split);
    for (const { rule, outcome, destinations } of ordered) this.record(rule, outcome, destinations);
    return ordered.flatMap(({ rule, refused, outcome, destinations }): MeshEntry[] => {
      if (!refused && destinations.kind === 'route') {
        const { route, subsets } = destinations;
        this.used.set(rule.id, new Set([...(this.used.get(rule.id) ?? []), ...subsets]));
        return outcome.matches.map((match) => ({ rules: [rule.id], refused, match, route }));
      }
      const why = destinations.kind === 'refused' ? destinations.message : (outcome.unsupported?.why ?? '');
      if (!this.reasons.has(rule.id)) this.reasons.set(rule.id, why.replace(/\.$/, ''));
      const route = [{ destination: { host: this.host, subset: ALL_SUBSET } }];
      return outcome.matches.map((match) => ({ rules: [rule.id], refused: true, match, route }));
    });
  }

  private destinations(rule: PlanRule): ReturnType<typeof meshDestinations> {
    const rejection = this.input.rejected.get(rule.id);
    if (rejection !== undefined) return { kind: 'refused', code: 'WR032', message: rejection };
    return meshDestinations(rule.then, {
      host: this.host,
      subsets: new Map(this.subsets.map((subset) => [subset.group.id, subset])),
      providers: this.input.providers,
      whenEmpty: this.input.whenEmpty ?? 'keep',
      acceptsWeights: this.input.accepted.has('WR041') || this.input.accepted.has(`WR041@${rule.id}`),
    });
  }

  private cutBlock(context: BlockContext, argument: number): MeshEntry[] {
    const type = context.signature?.paramTypes[argument] ?? '';
    return splitStates(type).flatMap((state) => {
      const states = new Map<number, ArgumentState>(context.states).set(argument, state);
      return this.blockDetails({ ...context, states });
    });
  }

  private record(
    rule: PlanRule,
    outcome: Extract<ReturnType<typeof blockRule>, { kind: 'details' }>,
    destinations: ReturnType<typeof meshDestinations>,
  ): void {
    // A loss of undescribed calls alone is a condition on the whole (WR027), not a loss of the rule.
    if (this.beyond && !this.reachesKnownMethod(rule)) return;
    if (destinations.kind === 'refused') {
      this.lose(rule.id, 'refused', destinations.code, destinations.message);
    } else {
      for (const { code, message, empty } of destinations.notes) {
        const level =
          code === 'WR045' && this.input.whenEmpty !== 'all' ? 'exact' : code === 'WR041' ? 'lossy' : 'noted';
        this.lose(rule.id, level, code, message, empty);
      }
    }
    if (outcome.unsupported !== null) {
      const { code, why } = outcome.unsupported;
      this.lose(rule.id, 'refused', code, `${why[0]?.toUpperCase() ?? ''}${why.slice(1)}.`);
    }
    for (const code of outcome.notes) this.lose(rule.id, 'noted', code, NOTE_TEXTS[code] ?? '');
  }

  // Whether a described method without details of its own reaches this rule among the general ones.
  private reachesKnownMethod(rule: PlanRule): boolean {
    const split = this.splits.get(rule.id);
    const { services, plan } = this.input;
    return services.some((service) => {
      if (plan.scope.service !== null && plan.scope.service !== service.interface) return false;
      return service.methods.some((signature) => {
        const shape = { method: signature.name, paramTypes: signature.paramTypes };
        if (this.needsBlock(service.interface, shape)) return false;
        const call = { ...emptyCall(), service: service.interface, method: signature.name };
        return (split?.single ?? []).every(
          ({ leaf, conditions }) =>
            (leaf.t !== 'method' && leaf.t !== 'service') ||
            conditions.every((condition) => conditionHolds(condition, call)),
        );
      });
    });
  }

  private lose(
    rule: string,
    fidelity: Fidelity,
    code: DiagnosticCode,
    message: string,
    empty?: readonly string[],
  ): void {
    this.fidelity.set(rule, worseFidelity(this.fidelity.get(rule) ?? 'exact', fidelity));
    const key = `${rule} ${code} ${message}`;
    if (this.findings.has(key)) return;
    this.findings.set(key, empty === undefined ? { code, rule, message } : { code, rule, message, empty });
  }
}

const NOTE_TEXTS: Partial<Record<DiagnosticCode, string>> = {
  WR023: 'Negative residues are listed too, and -0.0 beside 0.0.',
  WR025: 'Dubbo compares doubles: a Long beyond 2^53 is rounded first.',
  WR030: 'The pattern is written for java.util.regex as a full match.',
  WR033: 'The caller is known by register.ip of its URL.',
  WR035: 'An attachment that is no text counts as absent.',
};
