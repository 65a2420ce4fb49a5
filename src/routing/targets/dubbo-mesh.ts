import type { DiagnosticCode } from '../diagnostics/catalogue.ts';
import { conditionHolds } from '../plan-evaluate.ts';
import { leavesOf } from '../plan-term.ts';
import type { PlanRule } from '../route-plan.ts';
import { worseFidelity } from './fidelity.ts';
import { type GroupSubset, labelPlan, planSubsets } from './label-plan.ts';
import { readsSignature, type SplitConditions, splitConditions } from './leaf-conditions.ts';
import { type ArgumentState, type BlockContext, blockRule, type MeshSignature, splitStates } from './mesh-block.ts';
import { ALL_SUBSET, meshDestinations } from './mesh-destination.ts';
import { emptyCall } from './mesh-match.ts';
import type { Fidelity, LoweredPlan, LoweringFinding, LoweringInput } from './target.ts';
import { printYaml, type YamlTree } from './yaml-text.ts';

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

class MeshLowering {
  private readonly input: LoweringInput;
  private readonly splits = new Map<string, SplitConditions>();
  private readonly subsets: readonly GroupSubset[];
  private readonly used = new Set<string>();
  private readonly fidelity = new Map<string, Fidelity>();
  private readonly findings = new Map<string, LoweringFinding>();
  private readonly host: string;
  /** Set while details for signatures that nobody gave are written: what is lost there is no loss of a known call. */
  private beyond = false;

  constructor(input: LoweringInput) {
    this.input = input;
    this.host = input.plan.scope.providerApp ?? input.name;
    this.subsets = planSubsets(input.plan, true);
    for (const rule of input.plan.rules) this.splits.set(rule.id, splitConditions(rule));
  }

  lower(): LoweredPlan {
    const routes = this.routes();
    const rules = this.input.plan.rules.map((rule) => ({
      id: rule.id,
      fidelity: this.fidelity.get(rule.id) ?? ('exact' as const),
      findings: [...this.findings.values()].filter((finding) => finding.rule === rule.id),
    }));
    const used = this.subsets.filter((subset) => this.used.has(subset.group.id));
    return { text: this.documents(routes, used), rules, labels: labelPlan(used, this.input.providers) };
  }

  private documents(routes: readonly YamlTree[], used: readonly GroupSubset[]): string {
    const metadata = { name: this.input.name };
    const subsets: YamlTree[] = [{ name: ALL_SUBSET, labels: {} }];
    for (const subset of used) subsets.push({ name: subset.name, labels: { ...subset.labels } });
    const virtualService = printYaml({
      apiVersion: API_VERSION,
      kind: 'VirtualService',
      metadata,
      spec: { hosts: [this.host], dubbo: routes },
    });
    const destinationRule = printYaml({
      apiVersion: API_VERSION,
      kind: 'DestinationRule',
      metadata,
      spec: { host: this.host, subsets },
    });
    return `${virtualService}---\n${destinationRule}`;
  }

  private routes(): YamlTree[] {
    const { plan, services } = this.input;
    const reads = (test: (leaf: string) => boolean): boolean =>
      plan.rules.some((rule) => rule.when.some((condition) => leavesOf(condition.term).some((leaf) => test(leaf.t))));
    const byService = reads((leaf) => leaf === 'service');
    const bySignature = reads((leaf) => leaf === 'arg' || leaf.startsWith('param') || leaf === 'argCount');
    const scope = plan.scope.service;
    const names = new Set<string>(scope === null ? [] : [scope]);
    if (scope === null && (byService || bySignature)) {
      for (const service of services) names.add(service.interface);
      for (const name of this.namedServices()) names.add(name);
    }
    const routes: YamlTree[] = [...names].map((name) => ({
      name: `r-${name}`,
      services: [{ exact: name }],
      routedetail: this.serviceDetails(name, names),
    }));
    if (scope === null) {
      this.beyond = names.size > 0;
      routes.push({ name: 'rest', routedetail: this.serviceDetails(null, names) });
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

  private serviceDetails(service: string | null, namedServices: ReadonlySet<string>): YamlTree[] {
    const known = this.input.services.find((candidate) => candidate.interface === service);
    const details: YamlTree[] = [];
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

  private blockDetails(context: BlockContext): YamlTree[] {
    const details: YamlTree[] = [];
    const pending: (() => void)[] = [];
    for (const rule of this.input.plan.rules) {
      const split = this.splits.get(rule.id);
      if (split === undefined) continue;
      const outcome = blockRule(rule, split, context);
      if (outcome.kind === 'dropped') continue;
      if (outcome.kind === 'split') return this.cutBlock(context, outcome.argument);
      const destinations = this.destinations(rule);
      pending.push(() => this.record(rule, outcome, destinations));
      let route: YamlTree = [{ destination: { host: this.host, subset: ALL_SUBSET } }];
      const refused = outcome.unsupported !== null || destinations.kind === 'refused';
      if (outcome.unsupported === null && destinations.kind === 'route') {
        route = destinations.route;
        for (const id of destinations.subsets) this.used.add(id);
      }
      for (const match of outcome.matches) {
        const name = refused ? `${rule.id}-refused` : rule.id;
        details.push({ name, match: match === null ? undefined : [match], route });
      }
      if (outcome.takesAll) break;
    }
    for (const action of pending) action();
    return details;
  }

  private destinations(rule: PlanRule): ReturnType<typeof meshDestinations> {
    if (this.input.rejected.has(rule.id)) {
      return {
        kind: 'refused',
        code: 'WR032',
        message: 'The documents would not do what the script does; see the witness.',
      };
    }
    return meshDestinations(rule.then, {
      host: this.host,
      subsets: new Map(this.subsets.map((subset) => [subset.group.id, subset])),
      providers: this.input.providers,
      acceptsWeights: this.input.accepted.has('WR041') || this.input.accepted.has(`WR041@${rule.id}`),
    });
  }

  private cutBlock(context: BlockContext, argument: number): YamlTree[] {
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
    // What only calls lose that nobody described is a condition on the whole (WR027), not a loss of the rule.
    if (this.beyond && !this.reachesKnownMethod(rule)) return;
    if (destinations.kind === 'refused') {
      this.lose(rule.id, 'refused', destinations.code, destinations.message);
    } else {
      for (const { code, message } of destinations.notes) {
        this.lose(rule.id, code === 'WR045' ? 'exact' : code === 'WR041' ? 'lossy' : 'noted', code, message);
      }
    }
    if (outcome.unsupported !== null) {
      const { code, why } = outcome.unsupported;
      this.lose(rule.id, 'refused', code, `${why[0]?.toUpperCase() ?? ''}${why.slice(1)}.`);
    }
    for (const code of outcome.notes) this.lose(rule.id, 'noted', code, NOTE_TEXTS[code] ?? '');
  }

  // Whether a described method without details of its own comes to this rule among the general ones.
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

  private lose(rule: string, fidelity: Fidelity, code: DiagnosticCode, message: string): void {
    this.fidelity.set(rule, worseFidelity(this.fidelity.get(rule) ?? 'exact', fidelity));
    const key = `${rule} ${code} ${message}`;
    if (!this.findings.has(key)) this.findings.set(key, { code, rule, message });
  }
}

const NOTE_TEXTS: Partial<Record<DiagnosticCode, string>> = {
  WR023: 'Negative residues are listed too, and -0.0 beside 0.0.',
  WR025: 'Dubbo compares doubles: a Long beyond 2^53 is rounded first.',
  WR030: 'The pattern is written for java.util.regex as a full match.',
  WR033: 'The caller is known by register.ip of its URL.',
  WR035: 'An attachment that is no text counts as absent.',
};
