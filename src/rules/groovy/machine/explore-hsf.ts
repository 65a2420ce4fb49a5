/** HSF rule classes, followed on every path. */
import { predicateHoldsIn } from '../../plan/evaluate-term.ts';
import type { CallLeaf } from '../../plan/plan-term.ts';
import type { ProviderPredicate } from '../../plan/route-plan.ts';
import type { ClassDeclaration } from '../syntax/ast.ts';
import type { ParsedGroovy } from '../syntax/parser.ts';
import { isSegment } from '../syntax/segments.ts';
import type { TextRange } from '../syntax/source.ts';
import { concreteText, isText } from '../values/concrete.ts';
import { javaInt } from '../values/java-number.ts';
import { isKind, type Value } from '../values/values.ts';
import { GroovyThrow, OpaqueSignal } from './exceptions.ts';
import type { ExploredRule } from './explore-script.ts';
import { type DecisionTree, Explorer, type LeafOutcome, type PathLeaf } from './explorer.ts';
import type { MachineWorld } from './machine-core.ts';
import { machineGroupLabel, machineGroupPredicate } from './machine-group.ts';
import { allOf, anyOf, EVERY_PROVIDER } from './predicates.ts';
import { ScriptMachine } from './script-machine.ts';
import { leafOfError } from './script-outcome.ts';

/** Machine groups of the estate: name to addresses; undefined where they are not known. */
export type MachineGroups = Readonly<Record<string, readonly string[]>> | undefined;

interface AddressGroup {
  readonly where: ProviderPredicate;
  readonly weights: readonly { readonly where: ProviderPredicate; readonly weight: number }[];
}

/** The rule could not be loaded: no limit at all. */
class LoadError extends Error {
  readonly cls: string;
  constructor(cls: string) {
    super(cls);
    this.name = 'LoadError';
    this.cls = cls;
  }
}

/** Follows every path of an HSF routing rule: interface, method and argument level, each within the one above. */
export function exploreHsfRule(parsed: ParsedGroovy, world: MachineWorld, machineGroups: MachineGroups): ExploredRule {
  const explored = exploreClass(parsed, world, (machine, declaration) =>
    new HsfRule(machine, declaration, machineGroups, world).outcome(),
  );
  return world.services.length > 0 ? explored : { ...explored, tree: withDoubtOfPush(explored.tree, parsed) };
}

// One method for which the push fails keeps it from all others; whether the interface has it is not known without services.
function withDoubtOfPush(tree: DecisionTree, parsed: ParsedGroovy): DecisionTree {
  const leaves: PathLeaf[] = [];
  const collect = (at: DecisionTree | null): void => {
    if (at === null) return;
    if (at.kind === 'leaf') leaves.push(at);
    else for (const side of [at.yes, at.no]) collect(side);
  };
  collect(tree);
  if (!leaves.some(({ outcome }) => outcome.kind === 'stale')) return tree;
  const reason = 'the push of the rule fails if the interface has a certain method: give the services';
  const doubt = (at: DecisionTree): DecisionTree => {
    if (at.kind !== 'leaf') {
      return { ...at, yes: at.yes === null ? null : doubt(at.yes), no: at.no === null ? null : doubt(at.no) };
    }
    if (at.outcome.kind === 'stale') return at;
    return { ...at, outcome: { kind: 'opaque', code: 'unsupported', reason, span: parsed.source.span(at.range) } };
  };
  return doubt(tree);
}

/** Follows every path of a DPath tag rule: argument tag, else method tag, else none. */
export function exploreDpathRule(parsed: ParsedGroovy, world: MachineWorld): ExploredRule {
  return exploreClass(parsed, world, (machine, declaration) => {
    const rule = new RuleClass(machine, declaration);
    if (!rule.chooseSignature()) return machine.opaque('unsupported', 'a method that the given services do not have');
    const service = machine.read({ t: 'service' });
    const method = machine.read({ t: 'method' });
    const args = [service, method, rule.paramTypes()];
    const byMethod = rule.optional('methodTagRule', args);
    const byArguments = rule.argumentKey('argsTagRule', args);
    const tag = machine.isNull(byArguments) ? byMethod : byArguments;
    if (machine.isNull(tag)) return { kind: 'tag', tag: null };
    const text = machine.resolve(machine.text(tag));
    return typeof text === 'string'
      ? { kind: 'tag', tag: text }
      : machine.opaque('unsupported', 'a tag that depends on the call');
  });
}

function exploreClass(
  parsed: ParsedGroovy,
  world: MachineWorld,
  run: (machine: ScriptMachine, declaration: ClassDeclaration) => LeafOutcome,
): ExploredRule {
  const explorer = new Explorer();
  const machine = new ScriptMachine(parsed.source, world, explorer);
  const declaration = parsed.script.statements.find(
    (statement): statement is ClassDeclaration => statement.kind === 'class',
  );
  const whole: TextRange = declaration ?? { start: 0, end: Math.min(1, parsed.source.text.length) };
  machine.load(parsed.script, {});
  const leaf = (outcome: LeafOutcome): { leaf: PathLeaf } => ({
    leaf: { kind: 'leaf', outcome, range: machine.at(whole), notes: machine.notes },
  });
  const step = (): { leaf: PathLeaf } => {
    machine.notes = [];
    try {
      if (!declaration) return leaf({ kind: 'all', ignored: 'java.lang.ClassNotFoundException' });
      machine.initStatics();
      return leaf(run(machine, declaration));
    } catch (error) {
      if (error instanceof LoadError) return leaf({ kind: 'all', ignored: error.cls });
      return { leaf: leafOfError(error, parsed.source, machine.at(whole), machine.notes) };
    }
  };
  const limited = (): PathLeaf => ({
    kind: 'leaf',
    outcome: {
      kind: 'opaque',
      code: 'path-limit',
      reason: 'the rule has more paths than weir follows',
      span: parsed.source.span(whole),
    },
    range: whole,
    notes: [],
  });
  const tree = explorer.explore<null>(null, step, limited);
  return { tree, assumptions: [...machine.assumptions.values()] };
}

/** The methods of a rule class as the HSF client calls them. */
class RuleClass {
  readonly machine: ScriptMachine;
  readonly declaration: ClassDeclaration;
  readonly self: Value;

  constructor(machine: ScriptMachine, declaration: ClassDeclaration) {
    this.machine = machine;
    this.declaration = declaration;
    this.self = machine.instantiate(declaration, []);
  }

  has(name: string): boolean {
    return this.declaration.body.members.some((member) => member.kind === 'method' && member.name === name);
  }

  #chosen: readonly string[] | undefined;

  /** Names of the parameter types: for every call, those of the method that `chooseSignature` settled on. */
  paramTypes(): Value {
    const { call } = this.machine.world;
    const known = call?.paramTypes ?? this.#chosen;
    return known ? this.machine.list(known, 'array') : { kind: 'lazy-list', of: 'param-types', past: 'throw' };
  }

  /**
   * Splits the path by the methods that the client has loaded, as the rule is asked once for each of them. False for a call
   * of none of them. Without services every method is meant.
   */
  chooseSignature(): boolean {
    const { call, services } = this.machine.world;
    if (call || services.length === 0) return true;
    const text = (leaf: CallLeaf, value: string): boolean => this.machine.looseEquals(this.machine.read(leaf), value);
    for (const service of services) {
      if (services.length > 1 && !text({ t: 'service' }, service.interface)) continue;
      for (const method of service.methods) {
        if (!text({ t: 'method' }, method.name)) continue;
        if (!this.machine.looseEquals(this.machine.read({ t: 'paramCount' }), javaInt(method.paramTypes.length)))
          continue;
        if (!method.paramTypes.every((type, index) => text({ t: 'paramType', index }, type))) continue;
        this.#chosen = method.paramTypes;
        return true;
      }
      return false;
    }
    return false;
  }

  /** The value of a method; null where it is missing or throws. */
  optional(name: string, args: readonly Value[]): Value {
    if (!this.has(name)) return null;
    try {
      return this.machine.invoke(this.self, name, args);
    } catch (error) {
      if (error instanceof GroovyThrow) return null;
      throw error;
    }
  }

  /** The value of the closure that an argument rule gives, called with the arguments; null where anything is missing or throws. */
  argumentKey(name: string, args: readonly Value[]): Value {
    const closure = this.optional(name, args);
    if (!isKind(closure, 'closure')) return null;
    const { call } = this.machine.world;
    const values: Value = call
      ? this.machine.list(
          call.args.map((_, index) => this.machine.read({ t: 'arg', index })),
          'array',
        )
      : { kind: 'lazy-list', of: 'args', past: 'throw' };
    try {
      return this.machine.call(closure, [values]);
    } catch (error) {
      if (error instanceof GroovyThrow) return null;
      throw error;
    }
  }

  flag(name: string, missing: boolean): boolean {
    const value = this.optional(name, []);
    return typeof value === 'boolean' ? value : missing;
  }
}

class HsfRule extends RuleClass {
  readonly #machineGroups: MachineGroups;
  readonly #hasSnapshot: boolean;

  constructor(
    machine: ScriptMachine,
    declaration: ClassDeclaration,
    machineGroups: MachineGroups,
    { providers }: MachineWorld,
  ) {
    super(machine, declaration);
    this.#machineGroups = machineGroups;
    this.#hasSnapshot = providers.length > 0;
  }

  outcome(): LeafOutcome {
    const groups = this.#groups();
    if (groups === null) return this.#result(EVERY_PROVIDER, undefined);
    const byMethod = this.has('mathodRoutingRule') ? 'mathodRoutingRule' : 'methodRoutingRule';
    if (this.#pushFails(groups, byMethod)) return { kind: 'stale' };
    if (!this.chooseSignature())
      return this.machine.opaque('unsupported', 'a method that the given services do not have');
    const protect = this.flag('isEmptyProtection', false);
    let where = EVERY_PROVIDER;
    let last: AddressGroup | undefined;
    const narrow = (key: Value): void => {
      const group = this.#groupOf(key, groups);
      if (!group) return;
      const next = allOf([where, group.where]);
      if (protect && !this.#anyProvider(next)) return;
      where = next;
      last = group;
    };
    const method = this.machine.read({ t: 'method' });
    narrow(this.optional('interfaceRoutingRule', []));
    const key = this.optional(byMethod, [method, this.paramTypes()]);
    if (!this.machine.isNull(key) && !this.#groupOf(key, groups)) return { kind: 'stale' };
    narrow(key);
    narrow(this.argumentKey('argsRoutingRule', [method, this.paramTypes()]));
    return this.#result(where, last);
  }

  /** The address lists, or null for a rule that limits nothing. */
  #groups(): Map<string, AddressGroup> | null {
    if (!this.has('routingRuleMap')) return null;
    let map: Value;
    try {
      map = this.machine.invoke(this.self, 'routingRuleMap', []);
    } catch (error) {
      if (error instanceof GroovyThrow) throw new LoadError(error.cls);
      throw error;
    }
    if (map === null) return null;
    if (!isKind(map, 'map')) throw new LoadError('java.lang.ClassCastException');
    const byRegex = this.flag('isIpRegexOn', true);
    const groups = new Map<string, AddressGroup>();
    for (const [key, list] of map.entries.values()) {
      if (typeof key !== 'string' || !isKind(list, 'list')) throw new LoadError('java.lang.ClassCastException');
      const weights = list.items.flatMap((item) => {
        if (isSegment(item) || typeof item !== 'string') throw new LoadError('java.lang.ClassCastException');
        return this.#addresses(item, byRegex);
      });
      groups.set(key, { where: anyOf(weights.map((entry) => entry.where)), weights });
    }
    return groups;
  }

  /** One entry of a list: an address pattern or `{machine group}`, with `::weight`. */
  #addresses(text: string, byRegex: boolean): AddressGroup['weights'] {
    const at = text.indexOf('::');
    const address = (at < 0 ? text : text.slice(0, at)).trim();
    const weight = at < 0 ? 1 : Number(text.slice(at + 2).trim());
    if (!Number.isInteger(weight) || weight <= 0) throw new LoadError('java.lang.IllegalArgumentException');
    const name = /^\$?\{(.+)\}$/.exec(address)?.[1];
    if (name === undefined) {
      if (byRegex && /\d$/.test(address))
        this.machine.note('WR024', `${address} also takes every address that goes on after it: a * is always appended`);
      return [{ where: addressPredicate(address, byRegex), weight }];
    }
    const members = Object.hasOwn(this.#machineGroups ?? {}, name) ? this.#machineGroups?.[name] : undefined;
    if (members !== undefined) {
      this.machine.note('closed-world', `the machine group {${name}} is taken with the addresses that it has now`);
      return members.map((member) => ({ where: addressPredicate(member, byRegex), weight }));
    }
    // Who is in the group only its owner knows: for the providers of a snapshot nothing can be said.
    if (this.#hasSnapshot)
      return this.machine.opaque('input-output', `the machine group {${name}}: give its addresses in the case file`);
    this.machine.note(
      'machine-group',
      `the providers of the machine group {${name}} need the label ${machineGroupLabel(name)}`,
    );
    return [{ where: machineGroupPredicate(name), weight }];
  }

  /** The group of a key; undefined for null, for an unknown key, and for a GString, which equals no String. */
  #groupOf(key: Value, groups: Map<string, AddressGroup>): AddressGroup | undefined {
    const known = this.machine.resolve(key);
    if (isKind(known, 'gstring')) {
      this.machine.note('WR022', 'the key is a GString: it equals no String, so the rule limits nothing here');
      return undefined;
    }
    if (typeof known === 'string') return groups.get(known);
    if (!isKind(known, 'symbol')) return undefined;
    for (const [name, group] of groups) if (this.machine.looseEquals(known, name)) return group;
    return undefined;
  }

  /** A method key without a group makes the whole push fail, for calls of all methods. */
  #pushFails(groups: Map<string, AddressGroup>, method: string): boolean {
    if (!this.has(method)) return false;
    const { call, services } = this.machine.world;
    const loaded = services.filter((service) => call === null || service.interface === call.service);
    return loaded.some((service) =>
      service.methods.some((signature) => {
        try {
          const key = this.optional(method, [signature.name, this.machine.list(signature.paramTypes, 'array')]);
          return key !== null && !(isText(key) && groups.has(concreteText(key)));
        } catch (error) {
          if (error instanceof OpaqueSignal) return false;
          throw error;
        }
      }),
    );
  }

  #anyProvider(where: ProviderPredicate): boolean {
    const { world } = this.machine;
    if (world.call === null) return this.machine.explorer.decideGroup(where);
    const { only } = world.call;
    return world.providers.some(
      (provider) => (!only || only.includes(provider.id)) && predicateHoldsIn(where, { provider }),
    );
  }

  #result(where: ProviderPredicate, group: AddressGroup | undefined): LeafOutcome {
    const weighted = group?.weights.some((entry) => entry.weight !== group.weights[0]?.weight) ?? false;
    const { world } = this.machine;
    if (world.call === null) {
      return {
        kind: 'group',
        where,
        label: '',
        closedWorld: false,
        ...(weighted && group ? { weights: group.weights } : {}),
      };
    }
    const { only } = world.call;
    const indexes = world.providers.flatMap((provider, i) =>
      (!only || only.includes(provider.id)) && predicateHoldsIn(where, { provider }) ? [i] : [],
    );
    if (!weighted || !group) return { kind: 'members', indexes };
    const weights = indexes.map((i) => {
      const provider = world.providers[i];
      return (
        group.weights.find((entry) => provider !== undefined && predicateHoldsIn(entry.where, { provider }))?.weight ??
        1
      );
    });
    return { kind: 'members', indexes, weights };
  }
}

/** `10.1.*`, always with one more `*`; without patterns a literal host or address. */
function addressPredicate(address: string, byRegex: boolean): ProviderPredicate {
  if (byRegex) return { p: 'glob', term: { t: 'address' }, pattern: `${address}*` };
  const leaf = address.includes(':') ? ({ t: 'address' } as const) : ({ t: 'host' } as const);
  return { p: 'test', term: leaf, test: { op: 'eq', values: [{ t: 'java.lang.String', v: address }] } };
}
