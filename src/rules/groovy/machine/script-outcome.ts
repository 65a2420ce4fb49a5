/** Outcomes of a path from the script's value or exception, as the script router takes them. */
import type { PlanNote } from '../../plan/route-plan.ts';
import { isSegment } from '../syntax/segments.ts';
import type { GroovySource, TextRange } from '../syntax/source.ts';
import { classNameOf } from '../values/concrete.ts';
import { isKind, type ListItem, type Value } from '../values/values.ts';
import { GroovyThrow, isJavaError, OpaqueSignal } from './exceptions.ts';
import type { LeafOutcome, PathLeaf } from './explorer.ts';
import { anyOf } from './predicates.ts';

const CLASS_CAST = 'java.lang.ClassCastException';

/**
 * The outcome that ScriptStateRouter of Dubbo takes from a script's value, as run on real Groovy. retainAll keeps a
 * List or array. Null throws a NullPointerException, any other value a ClassCastException.
 */
export function outcomeOfValue(value: Value, symbolic: boolean): LeafOutcome {
  if (value === null) return { kind: 'error', exception: 'java.lang.NullPointerException' };
  if (isKind(value, 'poison')) throw new OpaqueSignal(value.code, value.reason);
  if (isKind(value, 'range')) return { kind: 'deny' };
  if (!isKind(value, 'list') || value.sort === 'set') {
    if (isKind(value, 'symbol') || isKind(value, 'lazy-list'))
      throw new OpaqueSignal('unsupported', `the script returns a ${classNameOf(value)}`);
    return { kind: 'error', exception: CLASS_CAST };
  }
  return symbolic ? groupOutcome(value.items) : membersOutcome(value.items);
}

/** The providers that segments stand for; other items are dropped as retainAll drops them. */
export function groupOutcome(items: readonly ListItem[]): LeafOutcome {
  const wheres = items.flatMap((item) => {
    if (!isSegment(item)) {
      if (isKind(item, 'poison')) throw new OpaqueSignal(item.code, item.reason);
      return [];
    }
    return isKind(item.item, 'host') && item.item.type === 'invoker' ? [item.where] : [];
  });
  return { kind: 'group', where: anyOf(wheres), label: '', closedWorld: false };
}

function membersOutcome(items: readonly ListItem[]): LeafOutcome {
  const indexes = items.flatMap((item) => {
    const value = isSegment(item) ? item.item : item;
    return isKind(value, 'host') && value.type === 'invoker' && typeof value.of === 'number' ? [value.of] : [];
  });
  return { kind: 'members', indexes: [...new Set(indexes)].sort((a, b) => a - b) };
}

/** The end of a path on which something was thrown. */
export function leafOfError(error: unknown, source: GroovySource, at: TextRange, notes: readonly PlanNote[]): PathLeaf {
  if (error instanceof GroovyThrow) {
    const outcome: LeafOutcome = isJavaError(error.cls)
      ? { kind: 'error', exception: error.cls }
      : { kind: 'all', ignored: error.cls };
    return { kind: 'leaf', outcome, range: at, notes };
  }
  if (error instanceof OpaqueSignal) {
    const range = error.range ?? at;
    return {
      kind: 'leaf',
      outcome: { kind: 'opaque', code: error.code, reason: error.reason, span: source.span(range) },
      range,
      notes,
    };
  }
  // Depth of the evaluator's stack, length of a text or array, size of a number: beyond them a script is refused.
  if (error instanceof RangeError) {
    const outcome: LeafOutcome = {
      kind: 'opaque',
      code: 'size-limit',
      reason: /call stack/.test(error.message)
        ? 'the script is nested too deeply to follow'
        : 'the script makes a value that is too large to follow',
      span: source.span(at),
    };
    return { kind: 'leaf', outcome, range: at, notes };
  }
  throw error;
}
