/** The explorer: runs a rule once for every path and collects the decision tree. */
import type { PlanCondition, PlanNote, PlanOutcome, ProviderPredicate } from '../../plan/route-plan.ts';
import type { TextRange } from '../syntax/source.ts';
import { OpaqueSignal } from './exceptions.ts';
import { PathKnowledge } from './path-knowledge.ts';

/** A decision of a path: a condition on the call, whether a set of providers is not empty, or a random draw. */
export type DecisionAtom =
  | { readonly on: 'call'; readonly condition: PlanCondition }
  | { readonly on: 'group'; readonly where: ProviderPredicate }
  | { readonly on: 'draw'; readonly yes: number; readonly no: number };

/** The end of a path: an outcome with what it was made of, and where. */
export interface PathLeaf {
  readonly kind: 'leaf';
  readonly outcome: LeafOutcome;
  readonly range: TextRange;
  readonly notes: readonly PlanNote[];
}

/** An outcome before groups have names. */
export type LeafOutcome =
  /** Known providers, by their position; for one call only. */
  | { readonly kind: 'members'; readonly indexes: readonly number[]; readonly weights?: readonly number[] }
  | Exclude<PlanOutcome, { kind: 'route' }>
  | {
      readonly kind: 'group';
      readonly where: ProviderPredicate;
      readonly label: string;
      readonly closedWorld: boolean;
      readonly weights?: readonly { readonly where: ProviderPredicate; readonly weight: number }[];
    };

/** A decision with both ways on. `yes` comes first in the decision list, so `no` needs no negation. */
export interface DecisionNode {
  readonly kind: 'decision';
  readonly atom: DecisionAtom;
  yes: DecisionTree | null;
  no: DecisionTree | null;
}

/** All paths of a rule. */
export type DecisionTree = PathLeaf | DecisionNode;

/** Most paths that are followed; the rest of the tree becomes opaque. */
export const PATH_LIMIT = 10_000;

/** Most steps of evaluation over all paths; a script that needs more is opaque from there. 3,000 plain rules take 30,000. */
export const STEP_LIMIT = 1_000_000;

/** Most conditions that hold on all paths together: what branches multiply to is of no use to anybody long before. */
export const CONDITION_LIMIT = 50_000;

/** Most conditions that hold on one path. Passes over the tree go as deep as that. */
export const HOLDING_LIMIT = 200;

interface Taken {
  node: DecisionNode;
  value: boolean;
  readonly from: Checkpoint<unknown>;
  /** Of a decision with many ways: the one that is followed, and whether its answer was just turned to no. */
  readonly ways?: { at: number; turned: boolean };
}

interface Checkpoint<S> {
  readonly state: S;
  readonly heap: number;
  readonly facts: number;
  readonly depth: number;
}

/** One thing that a step does: go on with a new state, or end the path. */
export type StepResult<S> = { readonly next: S } | { readonly leaf: PathLeaf };

/**
 * Follows every path of a program that runs in steps. A step may ask `decide` any number of times. After one answer is
 * followed to its end, the step runs again with the other answer, from the state before it.
 */
export class Explorer {
  knowledge = new PathKnowledge();
  readonly #heap: (() => void)[] = [];
  readonly #taken: Taken[] = [];
  #cursor = 0;
  #checkpoint: Checkpoint<unknown> = { state: undefined, heap: 0, facts: 0, depth: 0 };
  #root: DecisionTree | null = null;
  steps = 0;
  paths = 0;
  /** Decisions of the path that hold, and the sum of them over all paths. */
  #holding = 0;
  #conditions = 0;

  /** Registers how to undo a change of a value; every change of shared state goes through here. */
  log(undo: () => void): void {
    this.#heap.push(undo);
  }

  /** A point of the heap to return to. */
  heapMark(): number {
    return this.#heap.length;
  }

  /** Undoes changes since the mark. */
  heapUndo(mark: number): void {
    while (this.#heap.length > mark) this.#heap.pop()?.();
  }

  /** Counts work. @throws OpaqueSignal past the limit. */
  tick(): void {
    this.spend(1);
  }

  /** Counts work of several steps. @throws OpaqueSignal past the limit. */
  spend(steps: number): void {
    this.steps += steps;
    if (this.steps > STEP_LIMIT) throw new OpaqueSignal('path-limit', 'more than 1,000,000 steps of evaluation');
  }

  /** Whether a condition on the call holds on this path. */
  decide(condition: PlanCondition): boolean {
    const implied = this.knowledge.implied(condition);
    if (implied !== undefined) return implied;
    const value = this.#choose({ on: 'call', condition });
    this.knowledge.assume(condition, value);
    return value;
  }

  /** Whether a set of providers is not empty on this path. The set of all is taken as not empty. */
  decideGroup(where: ProviderPredicate): boolean {
    if (where.p === 'true') return true;
    if (where.p === 'false') return false;
    const key = JSON.stringify(where);
    const known = this.knowledge.group(key);
    if (known !== undefined) return known;
    const value = this.#choose({ on: 'group', where });
    this.knowledge.assumeGroup(key, value);
    return value;
  }

  /** Whether a draw falls on the first of two sides, with their numbers of equally likely values. */
  decideDraw(yes: number, no: number): boolean {
    if (no === 0) return true;
    if (yes === 0) return false;
    return this.#choose({ on: 'draw', yes, no });
  }

  /**
   * Index of the first of some conditions that holds on this path, or -1. The conditions exclude one another. The tree
   * looks as if they were asked one by one; this call avoids a replay for each.
   */
  decideFirst(count: number, conditionAt: (index: number) => PlanCondition): number {
    const first = this.#notExcluded(0, count, conditionAt);
    if (first === count) return -1;
    if (this.knowledge.implied(conditionAt(first)) === true) return first;
    const replayed = this.#taken[this.#cursor];
    this.#cursor++;
    if (!replayed) {
      this.#hold();
      const node = this.#grow(conditionAt(first));
      this.#taken.push({ node, value: true, from: this.#checkpoint, ways: { at: first, turned: false } });
      return this.#followWay(first, count, conditionAt);
    }
    const { ways } = replayed;
    if (!ways) throw new Error('a step asked for another decision than before');
    if (ways.turned) {
      ways.at = this.#notExcluded(ways.at + 1, count, conditionAt);
      ways.turned = false;
      if (ways.at < count && this.knowledge.implied(conditionAt(ways.at)) === undefined) {
        replayed.node = this.#grow(conditionAt(ways.at));
        replayed.value = true;
        this.#holding++;
      }
    }
    return this.#followWay(ways.at, count, conditionAt);
  }

  /** The first index from one on whose condition may hold, else the count. */
  #notExcluded(from: number, count: number, conditionAt: (index: number) => PlanCondition): number {
    for (let at = from; at < count; at++) if (this.knowledge.implied(conditionAt(at)) !== false) return at;
    return count;
  }

  /** A decision on a condition where the tree ends so far. */
  #grow(condition: PlanCondition): DecisionNode {
    const node: DecisionNode = { kind: 'decision', atom: { on: 'call', condition }, yes: null, no: null };
    this.#attach(node);
    return node;
  }

  /** Notes what follows from a way of a decision with many ways, and gives its index; the count is the way of none. */
  #followWay(at: number, count: number, conditionAt: (index: number) => PlanCondition): number {
    if (at < count) {
      this.knowledge.assume(conditionAt(at), true);
      return at;
    }
    for (let i = 0; i < count; i++) {
      const condition = conditionAt(i);
      if (this.knowledge.implied(condition) === undefined) this.knowledge.assume(condition, false);
    }
    return -1;
  }

  #choose(atom: DecisionAtom): boolean {
    const replayed = this.#taken[this.#cursor];
    if (replayed) {
      this.#cursor++;
      return replayed.value;
    }
    this.#hold();
    const node: DecisionNode = { kind: 'decision', atom, yes: null, no: null };
    this.#attach(node);
    this.#taken.push({ node, value: true, from: this.#checkpoint });
    this.#cursor = this.#taken.length;
    return true;
  }

  /** Counts a new condition that holds. @throws OpaqueSignal past the limit */
  #hold(): void {
    if (this.#holding >= HOLDING_LIMIT)
      throw new OpaqueSignal('path-limit', 'a path of the script has more conditions than weir follows');
    this.#holding++;
  }

  #attach(tree: DecisionTree): void {
    const last = this.#taken.at(-1);
    if (!last) this.#root = tree;
    else if (last.value) last.node.yes = tree;
    else last.node.no = tree;
  }

  /** Runs the program from `start` along every path; `step` must depend on its state and on decisions only. */
  explore<S>(start: S, step: (state: S) => StepResult<S>, limited: (range?: TextRange) => PathLeaf): DecisionTree {
    let state = start;
    for (;;) {
      this.#checkpoint = { state, heap: this.#heap.length, facts: this.knowledge.mark(), depth: this.#cursor };
      const result = step(state);
      if ('next' in result) {
        state = result.next;
        continue;
      }
      this.#attach(result.leaf);
      this.paths++;
      this.#conditions += this.#holding;
      const full = this.paths >= PATH_LIMIT || this.steps > STEP_LIMIT || this.#conditions > CONDITION_LIMIT;
      let last = this.#taken.at(-1);
      while (last && (!last.value || full)) {
        if (last.value) {
          last.value = false;
          this.#holding--;
          this.#attach(limited(result.leaf.range));
        }
        this.#taken.pop();
        last = this.#taken.at(-1);
      }
      if (!last) break;
      last.value = false;
      this.#holding--;
      if (last.ways) last.ways.turned = true;
      const from = last.from as Checkpoint<S>;
      this.heapUndo(from.heap);
      this.knowledge.undo(from.facts);
      this.#cursor = from.depth;
      state = from.state;
    }
    if (this.#root === null) throw new Error('no path was followed');
    return this.#root;
  }
}
