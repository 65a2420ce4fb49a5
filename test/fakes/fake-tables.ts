/** Tables and transactions of the fake firewall. */
import type { Operation } from '../../src/interception/rules/operations.ts';
import type { Chain, Hook, KnownRule, MapElement, Rule, RuleMap, Table } from '../../src/interception/rules/ruleset.ts';

/** The error a tool ends with when the kernel refuses a step of a transaction; `reason` is the kernel's word for it. */
export class RefusedOperation extends Error {
  override readonly name = 'RefusedOperation';
  readonly operation: Operation;

  constructor(reason: string, operation: Operation) {
    super(reason);
    this.operation = operation;
  }
}

/** How the two kinds of tools differ: in what they refuse, and in what adding an existing chain means. */
export type Dialect = 'nft' | 'iptables';

/** Steps on what is inside one table; those on whole tables are done by the fake firewall itself. */
export type TableOperation = Exclude<Operation, { op: 'add-table' | 'delete-table' }>;

// errno texts as nft prints them.
const MISSING = 'No such file or directory';
const BUSY = 'Device or resource busy';
const EXISTS = 'File exists';
// What libiptc says.
const NO_CHAIN = 'No chain/target/match by that name';
const BAD_ARGUMENT = 'Bad argument';
const BAD_RULE = 'Bad rule (does a matching rule exist in that chain?)';

interface StoredChain {
  hook: Hook | null;
  rules: Rule[];
}

interface StoredMap {
  readonly spec: Omit<RuleMap, 'elements'>;
  elements: { readonly element: MapElement; readonly endsAtMs: number | null }[];
}

/** A rule of another program that redirects, as far as the fake follows it: first packets to one port. */
export interface ForeignRedirect {
  readonly port: number;
  readonly to: number;
}

/** A rule of a built-in chain of iptables: weir's jump, or a rule of another program. */
type BuiltInRule = { readonly jump: string } | { readonly foreign: string; readonly redirect: ForeignRedirect | null };

/** One table with the semantics of the kernel: names must exist, what is referred to stays, elements keep their value. */
export class FakeTable {
  readonly name: string;
  readonly #dialect: Dialect;
  readonly #maps = new Map<string, StoredMap>();
  readonly #chains = new Map<string, StoredChain>();
  readonly #builtIn = new Map<Hook['at'], BuiltInRule[]>();

  constructor(name: string, dialect: Dialect) {
    this.name = name;
    this.#dialect = dialect;
  }

  /** A copy to try a transaction on. */
  clone(): FakeTable {
    const copy = new FakeTable(this.name, this.#dialect);
    for (const [name, { spec, elements }] of this.#maps) copy.#maps.set(name, { spec, elements: [...elements] });
    for (const [name, { hook, rules }] of this.#chains) copy.#chains.set(name, { hook, rules: [...rules] });
    for (const [at, rules] of this.#builtIn) copy.#builtIn.set(at, [...rules]);
    return copy;
  }

  /** Nothing of weir and nothing of anybody else is in it. */
  get isEmpty(): boolean {
    return (
      this.#maps.size === 0 &&
      this.#chains.size === 0 &&
      [...this.#builtIn.values()].every((rules) => rules.length === 0)
    );
  }

  /** Puts a rule of another program into a built-in chain, at the head or at the end. */
  addForeignRule(at: Hook['at'], text: string, place: 'first' | 'last', redirect: ForeignRedirect | null): void {
    const rules = this.#builtInRules(at);
    if (place === 'first') rules.unshift({ foreign: text, redirect });
    else rules.push({ foreign: text, redirect });
  }

  /** Takes such a rule out again. */
  removeForeignRule(at: Hook['at'], text: string): void {
    const rules = this.#builtInRules(at);
    const index = rules.findIndex((rule) => 'foreign' in rule && rule.foreign === text);
    if (index >= 0) rules.splice(index, 1);
  }

  /** Does one step in place. Throws RefusedOperation, possibly half done: work on a copy. */
  apply(operation: TableOperation, nowMs: number): void {
    switch (operation.op) {
      case 'add-map':
        this.#addMap(operation);
        break;
      case 'delete-map':
        this.#map(operation.map, operation);
        if (this.#rules().some((rule) => mapsUsedBy(rule).includes(operation.map)))
          throw new RefusedOperation(BUSY, operation);
        this.#maps.delete(operation.map);
        break;
      case 'add-element':
        this.#addElement(operation, nowMs);
        break;
      case 'delete-element': {
        const map = this.#map(operation.map, operation);
        const left = aliveAt(map, nowMs).filter(({ element }) => !isSameKey(element.key, operation.key));
        if (left.length === aliveAt(map, nowMs).length) throw new RefusedOperation(MISSING, operation);
        map.elements = left;
        break;
      }
      case 'add-chain':
        this.#addChain(operation);
        break;
      case 'flush-chain':
        this.#chain(operation.chain, operation).rules = [];
        break;
      case 'delete-chain':
        this.#deleteChain(operation, nowMs);
        break;
      case 'move-hook':
        this.#unhook(operation.chain, operation);
        this.#hook(operation.chain, operation.hook);
        break;
      case 'add-rule':
      case 'insert-rule': {
        const { rules } = this.#chain(operation.chain, operation);
        this.#demandTargets(operation.rule, operation);
        if (operation.op === 'add-rule') rules.push(operation.rule);
        else rules.unshift(operation.rule);
      }
    }
  }

  /** What weir would read: its chains and maps by name, elements with the time they have left. */
  read(nowMs: number): Table {
    const chains = [...this.#chains].map(
      ([name, { hook, rules }]): Chain => ({ name, hook: this.#readHook(name, hook), rules }),
    );
    const maps = [...this.#maps.values()].map((map): RuleMap => {
      const elements = aliveAt(map, nowMs).map(({ element, endsAtMs }) =>
        endsAtMs === null ? element : { ...element, expiresMs: endsAtMs - nowMs },
      );
      return { ...map.spec, elements: elements.sort(byKey) };
    });
    return { name: this.name, maps: maps.sort(byName), chains: chains.sort(byName) };
  }

  /** The same as packets meet it: jumps and redirects of other programs in the order of the built-in chains. */
  readForPackets(nowMs: number): Table {
    const table = this.read(nowMs);
    if (this.#dialect === 'nft') return table;
    const chains = [...this.#builtIn].flatMap(([at, rules]) =>
      rules.flatMap((rule, index): Chain[] => {
        // Base chains run by priority, so a place in the built-in chain becomes a small part of it.
        const hook = { at, type: 'nat', priority: -100 + index / 1000, position: null } as const;
        if ('jump' in rule)
          return table.chains.filter(({ name }) => name === rule.jump).map((one) => ({ ...one, hook }));
        return rule.redirect === null ? [] : [foreignChain(`foreign ${at} ${index}`, hook, rule.redirect)];
      }),
    );
    return { ...table, chains: [...table.chains.filter(({ hook }) => hook === null), ...chains] };
  }

  /** Everything in it as text, other programs' rules too, to see whether anything at all has changed. */
  list(nowMs: number): string {
    return JSON.stringify(
      { builtIn: [...this.#builtIn].filter(([, rules]) => rules.length > 0), ...this.read(nowMs) },
      null,
      1,
    );
  }

  #addMap(operation: TableOperation & { op: 'add-map' }): void {
    const known = this.#maps.get(operation.map.name);
    if (known === undefined) this.#maps.set(operation.map.name, { spec: operation.map, elements: [] });
    else if (JSON.stringify(known.spec) !== JSON.stringify(operation.map))
      throw new RefusedOperation(EXISTS, operation);
  }

  #addElement(operation: TableOperation & { op: 'add-element' }, nowMs: number): void {
    const map = this.#map(operation.map, operation);
    const { element } = operation;
    if (element.value && 'goto' in element.value) this.#chain(element.value.goto, operation);
    const alive = aliveAt(map, nowMs);
    const known = alive.find((one) => isOverlap(one.element.key, element.key))?.element;
    if (known === undefined) {
      const endsAtMs = element.timeoutMs === null ? null : nowMs + (element.expiresMs ?? element.timeoutMs);
      map.elements = [...alive, { element, endsAtMs }];
    } else if (!isSameKey(known.key, element.key) || JSON.stringify(known.value) !== JSON.stringify(element.value)) {
      throw new RefusedOperation(EXISTS, operation);
    }
    // The same element again changes nothing, not even its timeout: kernels before 6.12 did not renew it.
  }

  #addChain(operation: TableOperation & { op: 'add-chain' }): void {
    const known = this.#chains.get(operation.chain);
    if (known === undefined) {
      this.#chains.set(operation.chain, { hook: operation.hook, rules: [] });
      if (operation.hook !== null && this.#dialect === 'iptables') this.#hook(operation.chain, operation.hook);
    } else if (this.#dialect === 'iptables') {
      // `:CHAIN - [0:0]` of iptables-restore empties a chain that is there.
      known.rules = [];
      if (operation.hook === null) return;
      known.hook = operation.hook;
      this.#hook(operation.chain, operation.hook);
    } else if (operation.hook !== null && JSON.stringify(known.hook) !== JSON.stringify(operation.hook)) {
      throw new RefusedOperation(EXISTS, operation);
    }
  }

  #deleteChain(operation: TableOperation & { op: 'delete-chain' }, nowMs: number): void {
    const chain = this.#chain(operation.chain, operation);
    if (operation.hook !== null && this.#dialect === 'iptables') this.#unhook(operation.chain, operation);
    const rules = this.#rules().filter((rule) => !chain.rules.includes(rule));
    const elements = [...this.#maps.values()].flatMap((map) => aliveAt(map, nowMs));
    const isGoneTo = (target: unknown): boolean => target === operation.chain;
    const isReferred =
      rules.some((rule) => rule.kind === 'known' && rule.verdict.to === 'goto' && isGoneTo(rule.verdict.chain)) ||
      elements.some(
        ({ element }) => element.value !== null && 'goto' in element.value && isGoneTo(element.value.goto),
      ) ||
      [...this.#builtIn.values()].flat().some((rule) => 'jump' in rule && isGoneTo(rule.jump));
    if (isReferred) throw new RefusedOperation(BUSY, operation);
    this.#chains.delete(operation.chain);
  }

  #hook(chain: string, hook: Hook): void {
    const rules = this.#builtInRules(hook.at);
    const index = typeof hook.position === 'number' ? hook.position - 1 : rules.length;
    rules.splice(index, 0, { jump: chain });
  }

  #unhook(chain: string, operation: TableOperation): void {
    for (const rules of this.#builtIn.values()) {
      const index = rules.findIndex((rule) => 'jump' in rule && rule.jump === chain);
      if (index < 0) continue;
      rules.splice(index, 1);
      return;
    }
    throw new RefusedOperation(BAD_RULE, operation);
  }

  #readHook(chain: string, hook: Hook | null): Hook | null {
    if (this.#dialect === 'nft' || hook === null) return hook;
    const index = this.#builtInRules(hook.at).findIndex((rule) => 'jump' in rule && rule.jump === chain);
    return index < 0 ? null : { ...hook, position: hook.position === 'last' ? 'last' : index + 1 };
  }

  #builtInRules(at: Hook['at']): BuiltInRule[] {
    const rules = this.#builtIn.get(at) ?? [];
    this.#builtIn.set(at, rules);
    return rules;
  }

  #chain(name: string, operation: TableOperation): StoredChain {
    const chain = this.#chains.get(name);
    if (chain === undefined) throw new RefusedOperation(this.#dialect === 'nft' ? MISSING : NO_CHAIN, operation);
    return chain;
  }

  #map(name: string, operation: TableOperation): StoredMap {
    const map = this.#maps.get(name);
    if (map === undefined) throw new RefusedOperation(MISSING, operation);
    return map;
  }

  #demandTargets(rule: Rule, operation: TableOperation): void {
    if (rule.kind === 'unknown') return;
    if (this.#dialect === 'iptables' && !fitsIptables(rule)) throw new RefusedOperation(BAD_ARGUMENT, operation);
    if (rule.verdict.to === 'goto') this.#chain(rule.verdict.chain, operation);
    for (const map of mapsUsedBy(rule)) this.#map(map, operation);
  }

  #rules(): Rule[] {
    return [...this.#chains.values()].flatMap(({ rules }) => rules);
  }
}

/** A base chain of another program with one redirect in it. */
export function foreignChain(name: string, hook: Hook, { port, to }: ForeignRedirect): Chain {
  const matches = [
    { on: 'syn', negate: false },
    { on: 'dport', ports: [{ from: port, to: port }], negate: false },
  ] as const;
  const rule = {
    kind: 'known',
    matches,
    actions: [],
    verdict: { to: 'redirect', port: to },
    counter: true,
    tag: null,
  } as const;
  return { name, hook, rules: [rule] };
}

/** xt_multiport holds 15 ports, a range takes two; owner and address matches take one value (iptables-extensions(8)). */
function fitsIptables(rule: KnownRule): boolean {
  return rule.matches.every((match) => {
    if (match.on === 'dport') return match.ports.reduce((sum, { from, to }) => sum + (from === to ? 1 : 2), 0) <= 15;
    if (match.on === 'uid' || match.on === 'gid') return match.ids.length === 1;
    return !(match.on === 'daddr' || match.on === 'saddr') || match.cidrs.length === 1;
  });
}

function mapsUsedBy(rule: Rule): string[] {
  if (rule.kind === 'unknown') return [];
  return [
    ...rule.matches.flatMap((match) => (match.on === 'mark-in' ? [match.set] : [])),
    ...rule.actions.flatMap((action) => (action.do === 'set-mark-from-map' ? [action.map] : [])),
    ...(rule.verdict.to === 'dispatch' ? [rule.verdict.map] : []),
  ];
}

function aliveAt(map: StoredMap, nowMs: number): StoredMap['elements'] {
  return map.elements.filter(({ endsAtMs }) => endsAtMs === null || endsAtMs > nowMs);
}

function isSameKey(one: MapElement['key'], other: MapElement['key']): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Intervals of a set may not overlap; other keys overlap when they are the same. */
function isOverlap(one: MapElement['key'], other: MapElement['key']): boolean {
  if (typeof one !== 'object' || typeof other !== 'object') return isSameKey(one, other);
  return one.from <= other.to && other.from <= one.to;
}

/** A set has no order of its own: numbers and ranges upwards, then texts. */
function byKey({ key: one }: MapElement, { key: other }: MapElement): number {
  const number = (key: MapElement['key']) => (typeof key === 'number' ? key : typeof key === 'string' ? 0 : key.from);
  return number(one) - number(other) || (String(one) < String(other) ? -1 : 1);
}

function byName(one: { name: string }, other: { name: string }): number {
  return one.name < other.name ? -1 : 1;
}
