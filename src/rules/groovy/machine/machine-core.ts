/** The innermost layer of the machine: decisions, steps, memory. */
import type { JavaTypeShape, RoutingCall, RoutingProvider, RoutingService } from '../../case-file.ts';
import { evaluateTerm, predicateHoldsIn } from '../../plan/evaluate-term.ts';
import { type CallLeaf, leavesOf, type ProviderLeaf, readsProvider, type Term } from '../../plan/plan-term.ts';
import type { OpaqueCode, PlanAssumption, PlanCondition, PlanNote, ProviderPredicate } from '../../plan/route-plan.ts';
import type { GroovySource, TextRange } from '../syntax/source.ts';
import {
  type Cell,
  isKind,
  type ListItem,
  type ListValue,
  type MapValue,
  type SegmentValue,
  symbolOf,
  type Value,
} from '../values/values.ts';
import { GroovyThrow, OpaqueSignal } from './exceptions.ts';
import type { Explorer } from './explorer.ts';
import { PathKnowledge } from './path-knowledge.ts';
import { allOf, conditionsIn, type ProviderPath, providersOnPaths } from './predicates.ts';

/** Copying 8 values costs about as much as a step. */
const COPY_SHIFT = 3;

/** Dubbo up to 2.7, which loads script:// URLs, or Dubbo 3, which reads script-router nodes. */
export type DubboOfScript = '2.x' | '3.x';

/**
 * The world of a script: one call with its providers, or every call with the snapshot of providers, if there is one.
 */
export interface MachineWorld {
  readonly call: RoutingCall | null;
  readonly providers: readonly RoutingProvider[];
  /** Whether `providers` is all there is; false without a snapshot. */
  readonly snapshot: boolean;
  readonly services: readonly RoutingService[];
  /** The Dubbo that runs the script, where its carrier or a flag says it. */
  readonly runsIn?: DubboOfScript | undefined;
  /** Fields of bean classes, where they are known. */
  readonly types?: Readonly<Record<string, JavaTypeShape>>;
}

/** A change of something that was there before a loop over providers began. */
export type LoopEffect =
  | { readonly on: 'append'; readonly list: ListValue; readonly item: Value }
  | { readonly on: 'cell-append'; readonly cell: Cell; readonly item: Value }
  | { readonly on: 'remove'; readonly list: ListValue }
  | { readonly on: 'cell'; readonly cell: Cell; readonly value: Value }
  | { readonly on: 'other'; readonly target: object };

/** The result of a loop body for the providers of one path. */
export interface EachPath<T> extends ProviderPath {
  readonly where: ProviderPredicate;
  readonly result: T;
  readonly effects: readonly LoopEffect[];
}

interface EachState {
  readonly knowledge: PathKnowledge;
  readonly taken: { condition: PlanCondition; value: boolean }[];
  cursor: number;
  readonly stamp: number;
  readonly effects: LoopEffect[];
  readonly written: Set<object>;
  readonly reads: Set<object>;
}

/** Decisions, memory and loops over providers: what the evaluator of expressions and statements stands on. */
export abstract class MachineCore {
  readonly source: GroovySource;
  readonly world: MachineWorld;
  readonly explorer: Explorer;
  readonly assumptions = new Map<string, PlanAssumption>();
  notes: PlanNote[] = [];
  protected range: TextRange = { start: 0, end: 0 };
  protected births = 1;
  readonly #static: { readonly from: number; readonly to: number }[] = [];
  readonly #leaves = new Map<string, CallLeaf | ProviderLeaf>();
  #each: EachState | null = null;

  constructor(source: GroovySource, world: MachineWorld, explorer: Explorer) {
    this.source = source;
    this.world = world;
    this.explorer = explorer;
  }

  /** Whether every call is meant, rather than one. */
  get symbolic(): boolean {
    return this.world.call === null;
  }

  /** Where evaluation stands, or the given place while it stands nowhere. */
  at(otherwise: TextRange): TextRange {
    return this.range.end > 0 ? this.range : otherwise;
  }

  /** Ends the path: weir does not say what happens. */
  opaque(code: OpaqueCode, reason: string): never {
    throw new OpaqueSignal(code, reason, this.range);
  }

  /** Throws an exception of the script. */
  fail(cls: string, message: string | null): never {
    throw new GroovyThrow(cls, message);
  }

  note(code: string, message: string): void {
    if (this.symbolic && !this.notes.some((known) => known.code === code && known.message === message)) {
      this.notes = [...this.notes, { code, message, span: this.source.span(this.range) }];
    }
  }

  /** A fact about the call or the provider under test: its value for one call, else a symbol. */
  read(leaf: CallLeaf | ProviderLeaf, provider?: RoutingProvider): Value {
    const { call } = this.world;
    if (!call) return symbolOf(this.#known(leaf));
    const available = provider ? !(call.down ?? []).includes(provider.id) : true;
    return evaluateTerm(leaf, provider ? { call, provider, available } : { call });
  }

  /** One object for equal facts: what is derived from a term is remembered by its object. */
  #known<T extends CallLeaf | ProviderLeaf>(leaf: T): T {
    const name = JSON.stringify(leaf);
    const known = this.#leaves.get(name);
    if (known !== undefined) return known as T;
    this.#leaves.set(name, leaf);
    return leaf;
  }

  /** Whether a condition holds on this path. */
  decide(condition: PlanCondition): boolean {
    const { term, test } = condition;
    const terms = test.op === 'relation' ? [term, test.other] : [term];
    if (!terms.some(readsProvider)) return this.explorer.decide(condition);
    if (!this.#each) return this.opaque('provider-order', 'one provider out of several decides here');
    if (terms.flatMap(leavesOf).some((leaf) => !readsProvider(leaf))) {
      return this.opaque('provider-relation', 'a relation between the call and each provider');
    }
    return this.#decideEach(this.#each, condition);
  }

  #decideEach(each: EachState, condition: PlanCondition): boolean {
    const implied = each.knowledge.implied(condition);
    if (implied !== undefined) return implied;
    let decision = each.taken[each.cursor];
    if (!decision) {
      decision = { condition, value: true };
      each.taken.push(decision);
    }
    each.cursor++;
    each.knowledge.assume(condition, decision.value);
    return decision.value;
  }

  /** The path's knowledge about a term. */
  facts(term: Term): PathKnowledge {
    return this.#each && readsProvider(term) ? this.#each.knowledge : this.explorer.knowledge;
  }

  /** Whether a loop over providers is running. */
  get inEach(): boolean {
    return this.#each !== null;
  }

  /** Runs `body` for the providers of a segment, once for each combination of facts about a provider that it asks for. */
  overEach<T>(segment: SegmentValue, body: () => T): EachPath<T>[] {
    if (this.#each) this.opaque('provider-relation', 'a loop over providers inside a loop over providers');
    const found: (EachPath<T> & { reads: Set<object> })[] = [];
    const taken: EachState['taken'] = [];
    const thrown: { path: ProviderPath; error: GroovyThrow }[] = [];
    const known = conditionsIn(segment.where);
    for (;;) {
      this.explorer.tick();
      const each: EachState = {
        knowledge: new PathKnowledge(),
        taken,
        cursor: 0,
        stamp: this.births,
        effects: [],
        written: new Set(),
        reads: new Set(),
      };
      for (const [condition, value] of known) each.knowledge.assume(condition, value);
      const mark = this.explorer.heapMark();
      this.#each = each;
      let path: EachPath<T> | undefined;
      let error: GroovyThrow | undefined;
      try {
        const result = body();
        path = {
          decisions: taken.map((item) => [item.condition, item.value] as const),
          where: segment.where,
          result,
          effects: each.effects,
        };
      } catch (caught) {
        if (!(caught instanceof GroovyThrow)) throw caught;
        error = caught;
      } finally {
        this.#each = null;
        this.explorer.heapUndo(mark);
      }
      if (path) found.push({ ...path, reads: each.reads });
      else if (error)
        thrown.push({ path: { decisions: taken.map((item) => [item.condition, item.value] as const) }, error });
      while (taken.length > 0 && taken.at(-1)?.value === false) taken.pop();
      const last = taken.at(-1);
      if (!last) break;
      last.value = false;
      if (found.length > 500) this.opaque('path-limit', 'the providers fall into more than 500 kinds here');
    }
    this.#assumeNone(segment, thrown);
    this.#checkCarried(found);
    const all: ProviderPath[] = [...found, ...thrown.map((item) => item.path)].sort(byWalk);
    return found.map((path) => ({
      ...path,
      where: allOf([segment.where, providersOnPaths(all, (item) => sameDecisions(item, path))]),
    }));
  }

  /** The providers of the selected paths, as one predicate. */
  protected selectEach<T>(
    segment: SegmentValue,
    paths: readonly EachPath<T>[],
    selected: (path: EachPath<T>) => boolean,
  ): ProviderPredicate {
    return allOf([segment.where, providersOnPaths(paths, selected)]);
  }

  /** Providers for which the body throws would make the whole rule fail: the plan assumes that there are none. */
  #assumeNone(segment: SegmentValue, thrown: readonly { path: ProviderPath; error: GroovyThrow }[]): void {
    for (const { path, error } of thrown) {
      const tests = path.decisions.map(([condition, value]): ProviderPredicate => {
        const test: ProviderPredicate = { p: 'test', ...condition };
        return value ? test : { p: 'not', of: test };
      });
      const where = allOf([segment.where, ...tests]);
      // One call with its providers never gets here: its loops are over plain values.
      if (where.p === 'true') throw error;
      const culprit = this.world.snapshot
        ? this.world.providers.find((provider) => holdsQuietly(where, provider))
        : undefined;
      if (culprit) {
        this.opaque(
          'provider-relation',
          `provider ${culprit.id} makes the script throw ${error.cls}, which disables the rule while it is present`,
        );
      }
      const key = JSON.stringify(where);
      if (this.assumptions.has(key)) continue;
      this.assumptions.set(key, {
        id: `a${this.assumptions.size + 1}`,
        kind: 'no-provider',
        where,
        exception: error.cls,
        span: this.source.span(this.range),
        why: `the script throws ${error.cls} for such a provider (${error.text ?? 'no message'})`,
      });
    }
  }

  /** A body that reads what an earlier turn wrote depends on the order or number of providers. */
  #checkCarried(paths: readonly (EachPath<unknown> & { reads: Set<object> })[]): void {
    const written = new Set<object>();
    for (const path of paths) for (const effect of path.effects) written.add(effectTarget(effect));
    for (const path of paths) {
      for (const target of path.reads) {
        if (written.has(target))
          this.opaque('provider-order', 'a turn of the loop depends on what an earlier turn did');
      }
    }
  }

  /** Notes that a loop body reads something from outside of it. */
  protected noteRead(target: Cell | ListValue | MapValue): void {
    const each = this.#each;
    if (each && target.birth < each.stamp && !each.written.has(target)) each.reads.add(target);
  }

  /** Notes a change inside a loop over providers of something from outside; returns whether it was one. */
  protected noteEffect(target: { readonly birth: number }, effect: LoopEffect): boolean {
    const each = this.#each;
    if (!each || target.birth >= each.stamp) return false;
    each.written.add(effectTarget(effect));
    each.effects.push(effect);
    return true;
  }

  /** A new list. */
  list(items: readonly ListItem[], sort: ListValue['sort'] = 'list'): ListValue {
    this.explorer.spend(items.length >> COPY_SHIFT);
    if (items.length > 200_000) this.opaque('size-limit', 'a list of more than 200,000 values');
    return { kind: 'list', sort, items, birth: this.births++ };
  }

  /** A new map. */
  map(entries: Iterable<readonly [string, readonly [Value, Value]]>): MapValue {
    return { kind: 'map', entries: new Map(entries), birth: this.births++ };
  }

  /** Items of a list. */
  itemsOf(list: ListValue): readonly ListItem[] {
    this.noteRead(list);
    // Whoever asks for the items looks at each of them.
    this.explorer.spend(list.items.length >> COPY_SHIFT);
    return list.items;
  }

  /** Replaces the items of a list; undone when the path is. `effect` says what that is for an outer list in a loop. */
  setItems(list: ListValue, items: readonly ListItem[], effect?: LoopEffect): void {
    this.#refuseStatic(list);
    if (list.shared === true) this.opaque('unsupported', 'a change of a part that is shared with another list');
    this.explorer.spend(items.length >> COPY_SHIFT);
    const before = list.items;
    this.explorer.log(() => {
      list.items = before;
    });
    list.items = items;
    this.noteEffect(list, effect ?? { on: 'other', target: list });
  }

  /** Puts an entry into a map. */
  putEntry(map: MapValue, key: string, entry: readonly [Value, Value] | null): void {
    this.#refuseStatic(map);
    this.explorer.spend(map.entries.size >> 1);
    const before = map.entries;
    this.explorer.log(() => {
      map.entries = before;
    });
    const entries = new Map(before);
    if (entry) entries.set(key, entry);
    else entries.delete(key);
    map.entries = entries;
    this.noteEffect(map, { on: 'other', target: map });
  }

  /** Runs what makes the values of static fields: these outlive the call, so a change of them is state. */
  protected asStatic(make: () => void): void {
    const from = this.births;
    make();
    this.#static.push({ from, to: this.births });
  }

  #refuseStatic({ birth }: { readonly birth: number }): void {
    if (this.#static.some(({ from, to }) => birth >= from && birth < to))
      this.opaque('state', 'what a static field holds is changed: it outlives the call');
  }

  /** Assigns a variable. */
  setCell(cell: Cell, value: Value): void {
    this.#refuseStatic(cell);
    const before = cell.value;
    this.explorer.log(() => {
      cell.value = before;
    });
    cell.value = value;
    this.noteEffect(cell, { on: 'cell', cell, value });
  }

  /** Value of a variable. @throws OpaqueSignal for one that a loop left unknown. */
  cellValue(cell: Cell): Value {
    this.noteRead(cell);
    if (isKind(cell.value, 'poison')) return this.opaque(cell.value.code, cell.value.reason);
    return cell.value;
  }
}

function effectTarget(effect: LoopEffect): object {
  if (effect.on === 'append' || effect.on === 'remove') return effect.list;
  return effect.on === 'other' ? effect.target : effect.cell;
}

function holdsQuietly(where: ProviderPredicate, provider: RoutingProvider): boolean {
  try {
    return predicateHoldsIn(where, { provider });
  } catch (error) {
    if (error instanceof OpaqueSignal) return true;
    throw error;
  }
}

function sameDecisions(a: ProviderPath, b: ProviderPath): boolean {
  return a.decisions.length === b.decisions.length && a.decisions.every((item, i) => item[1] === b.decisions[i]?.[1]);
}

/** Order of a depth-first walk that tries yes before no. */
function byWalk(a: ProviderPath, b: ProviderPath): number {
  for (let i = 0; ; i++) {
    const x = a.decisions[i]?.[1];
    const y = b.decisions[i]?.[1];
    if (x === undefined || y === undefined) return 0;
    if (x !== y) return x ? -1 : 1;
  }
}
