/** Base of a run of a JavaScript rule: decisions, truth, the loop over providers. */
import type { AnyNode } from 'acorn';
import { GroovyThrow, OpaqueSignal } from '../groovy/machine/exceptions.ts';
import { EVERY_PROVIDER } from '../groovy/machine/predicates.ts';
import type { GroovySource, TextRange } from '../groovy/syntax/source.ts';
import { readsProvider } from '../plan/plan-term.ts';
import type { CallAssumption, PlanAssumption, PlanCondition, PlanNote, ProviderPredicate } from '../plan/route-plan.ts';
import type { RouterWorld } from '../read/router-world.ts';
import type { Question } from './js-compare.ts';
import { JsThrow, type JsValue, type ProviderList } from './js-value.ts';
import type { ProviderPaths } from './provider-paths.ts';

/** Most steps of one script on one path. */
const STEPS = 100_000;

/** A loop over providers: the path, the lists that it added the provider to, and the variables that its body sets. */
interface EachProvider {
  readonly paths: ProviderPaths;
  readonly added: Set<ProviderList>;
  readonly assigned: ReadonlySet<string>;
}

/**
 * The state of one run of a script, and its decisions about calls and providers. Operators, members and statements use
 * it.
 */
export abstract class JsCore {
  readonly world: RouterWorld;
  readonly source: GroovySource;
  readonly assumptions: Map<string, PlanAssumption>;
  readonly leftOut = new Map<string, CallAssumption>();
  readonly notes: PlanNote[] = [];
  /** Providers that the router gave the script; never changed. */
  readonly invokers: ProviderList = { k: 'list', where: EVERY_PROVIDER, texts: [] };
  /** The loop over providers that is run, if any, and the lists that the current path added the provider to. */
  protected each: EachProvider | null = null;
  protected range: TextRange = { start: 0, end: 1 };
  #steps = 0;

  constructor(world: RouterWorld, source: GroovySource, assumptions: Map<string, PlanAssumption>) {
    this.world = world;
    this.source = source;
    this.assumptions = assumptions;
  }

  /** Where evaluation stands. */
  get where(): TextRange {
    return this.range;
  }

  /** Ends the path: weir does not say what happens. */
  opaque(reason: string): never {
    throw new OpaqueSignal('unknown-call', reason, this.range);
  }

  protected tick(node: AnyNode): void {
    this.range = { start: node.start, end: node.end };
    this.#steps += 1;
    if (this.#steps > STEPS) throw new OpaqueSignal('loop-limit', 'more than 100,000 steps of evaluation', this.range);
  }

  /** Whether a condition holds, about the call or about the provider under test. */
  decide(condition: PlanCondition): boolean {
    if (!readsProvider(condition.term)) return this.world.decide(condition);
    if (this.each === null) return this.opaque('one provider out of several decides here');
    return this.each.paths.decide(condition);
  }

  protected ask(question: Question, what: string): boolean {
    if (question === null) return this.opaque(`${what}, whose answer depends on types that weir does not know`);
    return typeof question === 'boolean' ? question : this.decide(question);
  }

  /** A member of a value that may be null: the script fails there. */
  requireValue(value: JsValue): void {
    if (value.k === 'null' || value.k === 'undefined') throw new JsThrow('a member of null');
    if (value.k !== 'term' || value.type !== 'text?') return;
    if (this.decide({ term: value.term, test: { op: 'is', classes: ['null'] } })) throw new JsThrow('a member of null');
  }

  /** JavaScript's truth. */
  truth(value: JsValue): boolean {
    switch (value.k) {
      case 'undefined':
      case 'null':
        return false;
      case 'bool':
        return value.value;
      case 'number':
        return value.value !== 0 && !Number.isNaN(value.value);
      case 'text':
        return value.value !== '';
      case 'term':
        if (value.type === 'any') return this.opaque('the truth of an argument');
        return this.decide({ term: value.term, test: { op: 'truthy' } });
      case 'size':
        return this.notEmpty(value.of);
      case 'unknown':
        return this.opaque(value.why);
      case 'builtin':
      case 'class':
        return this.opaque('an object of the engine as a condition');
      case 'parsed':
        return this.parsedTruth(value);
      case 'found':
      case 'place':
        return this.opaque('a number as a condition');
      case 'part':
        return this.opaque('a part of a text as a condition');
      default:
        return true;
    }
  }

  /** Whether a number that is read from a text is neither 0 nor NaN. */
  protected abstract parsedTruth(number: Extract<JsValue, { k: 'parsed' }>): boolean;

  /** Whether a list has a provider. */
  notEmpty(list: ProviderList): boolean {
    if (this.each !== null) return this.opaque('the size of a list while it is filled');
    return this.world.decideGroup(list.where);
  }

  /** Calls of which a plan says nothing, as no document tells them from others. */
  protected leaveOut(when: PlanCondition, why: string): void {
    this.leftOut.set(JSON.stringify(when), { when, why, certain: false });
  }

  /** Providers over which the script would throw: an answer for one call, an assumption for a plan. */
  protected throwsFor(where: ProviderPredicate): void {
    if (where.p === 'true' || this.world.call !== null) {
      if (this.world.decideGroup(where)) throw new JsThrow('a provider');
      return;
    }
    this.assumeNone(
      where,
      'javax.script.ScriptException',
      'the script fails for such a provider, and the router ignores it',
    );
  }

  /** Providers of which weir does not know what the script does: no answer for one call, an assumption for a plan. */
  protected unreadFor(where: ProviderPredicate, reason: string): void {
    if (where.p === 'true' || this.world.call !== null) {
      if (where.p === 'true' || this.world.decideGroup(where)) this.opaque(reason);
      return;
    }
    this.assumeNone(where, null, `weir does not follow ${reason}`);
  }

  private assumeNone(where: ProviderPredicate, exception: string | null, why: string): void {
    const span = this.source.span(this.range);
    const id = `a${this.assumptions.size + 1}`;
    const key = JSON.stringify(where);
    if (!this.assumptions.has(key))
      this.assumptions.set(key, {
        id,
        kind: 'no-provider',
        where,
        exception,
        span,
        why,
      });
  }
}

/** Whether an error is one that a script can catch. */
export function isScriptError(error: unknown): boolean {
  return error instanceof JsThrow || error instanceof GroovyThrow;
}
