/** A firewall in memory, with the semantics of the real ones. */
import { WeirError } from '../../src/errors/weir-error.ts';
import type { Backend } from '../../src/interception/backend.ts';
import type { Firewall, InstalledRules, RememberedFlow } from '../../src/interception/ports.ts';
import { IPTABLES_TABLE, leaseList, MADE_TABLE_CHAIN } from '../../src/interception/rules/iptables/compile-iptables.ts';
import { type Lease, renewalOperations } from '../../src/interception/rules/lease.ts';
import { LEASE_SET } from '../../src/interception/rules/nft/table-maps.ts';
import type { Operation, RulesetChange } from '../../src/interception/rules/operations.ts';
import type { Hook, KnownRule, Ruleset, RulesetScope } from '../../src/interception/rules/ruleset.ts';
import { evaluateRulesets, type Packet } from './evaluate-ruleset.ts';
import { type Dialect, FakeTable, type ForeignRedirect, foreignChain, RefusedOperation } from './fake-tables.ts';

/** What became of a connection: where it ended up, or `broken` when its NAT mapping is no longer in force. */
export interface FakeConnection {
  readonly redirectedTo: number | null;
  readonly mark: number;
  readonly isBroken: boolean;
}

/**
 * An in-memory firewall with the semantics of the real ones: transactions that happen whole or not at all, chains that
 * are busy, elements that expire by an injected clock, and a connection tracker: only the first packet of a connection
 * meets the nat rules. The same contract suite runs against it and against the three real back ends.
 */
export class FakeFirewall implements Firewall {
  readonly backend: Backend;
  /** Every committed change, oldest first, for tests that look at what a use case did. */
  readonly committed: RulesetChange[] = [];
  readonly #nowMs: () => number;
  readonly #dialect: Dialect;
  readonly #scopes: readonly RulesetScope[];
  readonly #families: Map<RulesetScope, Map<string, FakeTable>>;
  readonly #renewed = new Map<string, number>();
  readonly #foreignTables = new Map<string, { readonly text: string; readonly redirect: ForeignRedirect | null }>();
  readonly #connections = new Map<string, Omit<FakeConnection, 'isBroken'>>();

  constructor(backend: Backend, nowMs: () => number) {
    this.backend = backend;
    this.#nowMs = nowMs;
    this.#dialect = backend === 'nft' ? 'nft' : 'iptables';
    this.#scopes = backend === 'nft' ? ['inet'] : ['ip6', 'ip'];
    this.#families = new Map(this.#scopes.map((scope) => [scope, new Map()]));
  }

  async read(): Promise<InstalledRules> {
    const main = this.backend === 'nft' ? 'weir' : 'nat';
    return {
      rulesets: this.#rulesets(),
      tableExists: new Map(this.#scopes.map((scope) => [scope, this.#tables(scope).has(main)])),
    };
  }

  async recount(): Promise<readonly Ruleset[]> {
    return (await this.read()).rulesets;
  }

  /** `between` is awaited between the transactions of two families; what it throws ends the command there. */
  async commit(
    changes: readonly RulesetChange[],
    between: (scope: RulesetScope) => Promise<void> = async () => {},
  ): Promise<{ readonly ms: number }> {
    const done: RulesetChange[] = [];
    const inOrder = changes.toSorted(
      (one, other) => this.#scopes.indexOf(one.scope) - this.#scopes.indexOf(other.scope),
    );
    for (const change of inOrder) {
      if (done.length > 0) await between(change.scope);
      try {
        this.#families.set(change.scope, this.#attempt(change.scope, change.operations));
      } catch (error) {
        for (const earlier of done.toReversed())
          this.#families.set(earlier.scope, this.#attempt(earlier.scope, earlier.undo));
        throw this.#refused(error);
      }
      done.push(change);
    }
    this.committed.push(...done);
    return { ms: 1 };
  }

  /** Only kernels remember flows: see the tests of transparent proxying on real packets. */
  async flows(): Promise<readonly RememberedFlow[]> {
    return [];
  }

  async forgetFlows(): Promise<void> {}

  async renewLeases(leases: readonly Lease[]): Promise<readonly string[]> {
    if (this.#dialect === 'iptables') {
      const lists = this.#leaseLists();
      for (const { slot } of leases) if (lists.has(leaseList(slot))) this.#renewed.set(leaseList(slot), this.#nowMs());
      return leases.filter(({ slot }) => !lists.has(leaseList(slot))).map(({ app }) => app);
    }
    if (leases.length === 0) return [];
    if (!this.#tables('inet').has('weir')) return leases.map(({ app }) => app);
    this.#families.set('inet', this.#attempt('inet', renewalOperations(leases)));
    return [];
  }

  async standBy(): Promise<void> {}

  async remainingLeases(leases: readonly Lease[]): Promise<ReadonlyMap<string, number>> {
    const left = ({ marks, slot, seconds }: Lease): number => {
      if (this.#dialect === 'iptables') {
        const at = this.#stamps().get(leaseList(slot));
        return at === undefined ? 0 : Math.max(0, at + seconds * 1000 - this.#nowMs());
      }
      const set = this.#tables('inet')
        .get('weir')
        ?.read(this.#nowMs())
        .maps.find(({ name }) => name === LEASE_SET);
      return Math.min(...marks.map((mark) => set?.elements.find(({ key }) => key === mark)?.expiresMs ?? 0));
    };
    return new Map(leases.map((lease) => [lease.app, left(lease)]));
  }

  render(changes: readonly RulesetChange[]): string {
    return changes
      .flatMap(({ scope, operations }) => [`# ${scope}`, ...operations.map((one) => JSON.stringify(one))])
      .join('\n');
  }

  async test(changes: readonly RulesetChange[]): Promise<void> {
    try {
      for (const { scope, operations } of changes) this.#attempt(scope, operations);
    } catch (error) {
      throw this.#refused(error);
    }
  }

  /**
   * Sends one packet of a connection. The first one meets the rules unless nothing tracks connections, in which case
   * each later one meets them too, as the kernel takes it for a new connection.
   */
  deliver(packet: Packet, connection: string): FakeConnection {
    const known = this.#connections.get(connection);
    if (known !== undefined) return { ...known, isBroken: known.redirectedTo !== null && !this.#isTranslating() };
    const fate = evaluateRulesets(this.#rulesetsForPackets(), packet, this.#nowMs(), this.#stamps());
    if (this.#isTracking()) this.#connections.set(connection, fate);
    return { ...fate, isBroken: !packet.syn && fate.redirectedTo !== null };
  }

  /** Puts a table of another program beside ours (nft). */
  addForeignTable(name: string, text: string, redirect: ForeignRedirect | null = null): void {
    this.#foreignTables.set(name, { text, redirect });
  }

  /** Puts a rule of another program into a built-in chain of the nat table (iptables). */
  addForeignRule(
    scope: 'ip' | 'ip6',
    at: Hook['at'],
    text: string,
    place: 'first' | 'last',
    redirect: ForeignRedirect | null = null,
  ): void {
    const tables = this.#tables(scope);
    const nat = tables.get('nat') ?? new FakeTable('nat', 'iptables');
    tables.set('nat', nat);
    nat.addForeignRule(at, text, place, redirect);
  }

  /** Takes them out again. */
  removeForeignTable(name: string): void {
    this.#foreignTables.delete(name);
  }

  /** Takes it out again. */
  removeForeignRule(scope: 'ip' | 'ip6', at: Hook['at'], text: string): void {
    this.#tables(scope).get('nat')?.removeForeignRule(at, text);
  }

  /** Takes empty tables out, as whoever made them may do. */
  removeEmptyTables(): void {
    for (const tables of this.#families.values()) {
      for (const [name, table] of tables) if (table.isEmpty) tables.delete(name);
    }
  }

  /**
   * All that is in the firewall as text, to see whether anything at all has changed. An empty legacy table is nothing:
   * the kernel cannot unload one.
   */
  list(): string {
    const ours = this.#scopes.flatMap((scope) =>
      [...this.#tables(scope).values()]
        .filter((table) => this.backend !== 'iptables-legacy' || !table.isEmpty)
        .map((table) => `${scope} ${table.list(this.#nowMs())}`),
    );
    return [...ours, ...[...this.#foreignTables].map(([name, { text }]) => `${name} ${text}`)].join('\n');
  }

  #attempt(scope: RulesetScope, operations: readonly Operation[]): Map<string, FakeTable> {
    const tables = new Map([...this.#tables(scope)].map(([name, table]) => [name, table.clone()]));
    for (const operation of operations) this.#step(tables, operation);
    // The table that weir made goes with its mark, unless another program has put something into it since.
    const isUnmade = operations.some((one) => one.op === 'delete-chain' && one.chain === MADE_TABLE_CHAIN);
    if (isUnmade && tables.get(IPTABLES_TABLE)?.isEmpty) tables.delete(IPTABLES_TABLE);
    return tables;
  }

  #step(tables: Map<string, FakeTable>, operation: Operation): void {
    const table = tables.get(operation.table);
    // iptables-restore makes the table that it names; nft wants it to be there.
    if (
      operation.op === 'add-table' ||
      (table === undefined && this.#dialect === 'iptables' && operation.op !== 'delete-table')
    ) {
      if (table === undefined) tables.set(operation.table, new FakeTable(operation.table, this.#dialect));
      if (operation.op !== 'add-table') this.#step(tables, operation);
    } else if (table === undefined) {
      throw new RefusedOperation('No such file or directory', operation);
    } else if (operation.op === 'delete-table') {
      tables.delete(operation.table);
    } else {
      table.apply(operation, this.#nowMs());
    }
  }

  #refused(error: unknown): unknown {
    if (!(error instanceof RefusedOperation)) return error;
    return new WeirError('WEIR2003', {
      what: `${this.backend} refused a transaction`,
      why: `${error.operation.op}: ${error.message}`,
      hint: 'nothing of it is in force',
      details: { operation: error.operation },
      cause: error,
    });
  }

  /** A list of xt_recent lives as long as a rule names it. */
  #leaseLists(): ReadonlySet<string> {
    const matches = this.#rules().flatMap((rule) => rule.matches);
    return new Set(matches.flatMap((match) => (match.on === 'lease' ? [match.list] : [])));
  }

  #stamps(): ReadonlyMap<string, number> {
    const lists = this.#leaseLists();
    return new Map([...this.#renewed].filter(([list]) => lists.has(list)));
  }

  #tables(scope: RulesetScope): Map<string, FakeTable> {
    return this.#families.get(scope) ?? new Map();
  }

  #rulesetsForPackets(): Ruleset[] {
    const foreign = [...this.#foreignTables].flatMap(([name, { redirect }]) => {
      const hook = { at: 'output', type: 'nat', priority: -100, position: null } as const;
      return redirect === null ? [] : [{ name, maps: [], chains: [foreignChain('output', hook, redirect)] }];
    });
    const ours = this.#scopes.map((scope) => {
      return { scope, tables: [...this.#tables(scope).values()].map((table) => table.readForPackets(this.#nowMs())) };
    });
    return [...ours, { scope: 'inet', tables: foreign }];
  }

  #rulesets(): Ruleset[] {
    return this.#scopes.map((scope) => {
      const tables = [...this.#tables(scope).values()].map((table) => table.read(this.#nowMs()));
      return {
        scope,
        tables: tables.filter(({ chains, maps }) => this.#dialect === 'nft' || chains.length + maps.length > 0),
      };
    });
  }

  // The kernel tracks connections while some rule needs it: a redirect or a mark.
  #isTracking(): boolean {
    return this.#rules().some(({ verdict, matches, actions }) => {
      return (
        verdict.to === 'redirect' || actions.length > 0 || matches.some(({ on }) => on === 'mark' || on === 'mark-in')
      );
    });
  }

  // De-NAT of what was redirected needs tracking and at least one nat base chain (measured: without it, RST).
  #isTranslating(): boolean {
    const chains = this.#rulesets().flatMap(({ tables }) => tables.flatMap((table) => table.chains));
    return this.#isTracking() && chains.some(({ hook }) => hook?.type === 'nat');
  }

  #rules(): KnownRule[] {
    const chains = this.#rulesets().flatMap(({ tables }) => tables.flatMap((table) => table.chains));
    return chains.flatMap(({ rules }) => rules).filter((rule) => rule.kind === 'known');
  }
}
