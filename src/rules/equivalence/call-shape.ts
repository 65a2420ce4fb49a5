/** Shapes of calls: the families in which plan and documents are compared. */
import type { RoutingCall, RoutingService } from '../case-file.ts';
import type { LeafConstants, LeafValue } from '../models/target-model.ts';
import type { CallLeaf } from '../plan/plan-term.ts';
import type { RoutePlan } from '../plan/route-plan.ts';
import type { TypedValue } from '../plan/typed-value.ts';
import { textCandidates } from './leaf-values.ts';
import { planConstants } from './plan-constants.ts';

/**
 * A family of calls that differ only in the values of leaves: one service, one signature (or an undescribed method).
 */
export interface CallShape {
  readonly service: string;
  /** Null: the method is a leaf of its own. */
  readonly method: string | null;
  readonly paramTypes: readonly string[];
  /** Whether a caller gave the signature. */
  readonly known: boolean;
}

/** A service that no plan and no document names. */
const OTHER_SERVICE = 'com.example.AnyOtherService';
/** What can be the name of an interface. */
const JAVA_NAME = /^[\p{ID_Start}_$][\p{ID_Continue}$.]*$/u;
const OTHER_TYPE = 'com.example.AnyOtherType';

/**
 * The shapes in which a plan and a document must be compared: every known signature, and those beyond. `named` are the
 * services that either tells apart.
 */
export function callShapes(
  plan: RoutePlan,
  services: readonly RoutingService[],
  named: readonly string[],
): CallShape[] {
  const shapes: CallShape[] = [];
  const scope = plan.scope.service;
  const names = new Set(scope === null ? [...services.map((service) => service.interface), ...named] : [scope]);
  for (const name of names) {
    const known = services.find((service) => service.interface === name);
    const seen = new Set<string>();
    for (const { name: method, paramTypes } of known?.methods ?? []) {
      const key = JSON.stringify([method, paramTypes]);
      if (seen.has(key)) continue;
      seen.add(key);
      shapes.push({ service: name, method, paramTypes, known: true });
    }
    shapes.push(...beyond(name));
  }
  if (scope === null) shapes.push(...beyond(OTHER_SERVICE));
  return shapes;
}

/** Calls to services that a plan for one service is not about. */
export function outsideShapes(plan: RoutePlan, named: readonly string[]): CallShape[] {
  return [...named.filter((name) => name !== plan.scope.service), OTHER_SERVICE].flatMap(beyond);
}

function beyond(service: string): CallShape[] {
  return [
    { service, method: null, paramTypes: [], known: false },
    { service, method: null, paramTypes: [OTHER_TYPE], known: false },
  ];
}

/** A service for each way in which plan and document tell services apart; null where weir cannot list them. */
export function namedServices(plan: RoutePlan, ofDocument: LeafConstants | null): string[] | null {
  if (ofDocument === null) return null;
  const conditions = plan.rules.flatMap(({ when }) => when.filter(({ term }) => term.t === 'service'));
  const constants = planConstants(conditions);
  const listed = [...constants.texts, ...ofDocument.texts];
  const isPlain = (side: LeafConstants): boolean => side.patterns.length === 0 && side.prefixes.length === 0;
  if (isPlain(ofDocument) && conditions.every(({ test }) => test.op === 'eq')) return [...new Set(listed)];
  const { values, complete } = textCandidates([constants, ofDocument], false);
  if (!complete || constants.opaque.length > 0) return null;
  const texts = values.flatMap((value) => (typeof value === 'string' && JAVA_NAME.test(value) ? [value] : []));
  return [...new Set([...listed, ...texts])];
}

/** A call of a shape with the values of some leaves; arguments that are not given are null, or zero for primitives. */
export function shapedCall(shape: CallShape, values: ReadonlyMap<string, LeafAssignment>): RoutingCall {
  let method = shape.method ?? 'anyOtherMethod';
  const args: TypedValue[] = shape.paramTypes.map(defaultValue);
  const attachments: Record<string, string> = {};
  const consumer: { application?: string; host?: string; params?: Record<string, string> } = {};
  for (const { leaf, value } of values.values()) {
    const text = typeof value === 'string' ? value : null;
    if (leaf.t === 'method') method = text ?? method;
    else if (leaf.t === 'arg') {
      if (value !== null && typeof value !== 'string' && leaf.index < args.length) args[leaf.index] = value;
    } else if (text === null) continue;
    else if (leaf.t === 'attachment') attachments[leaf.key] = text;
    else if (leaf.t === 'callerApp') consumer.application = text;
    else if (leaf.t === 'callerHost') consumer.host = text;
    else if (leaf.t === 'callerParam') consumer.params = { ...consumer.params, [leaf.key]: text };
  }
  return { service: shape.service, method, paramTypes: [...shape.paramTypes], args, attachments, consumer };
}

/** One leaf and the value that it has. */
export interface LeafAssignment {
  readonly leaf: CallLeaf;
  readonly value: LeafValue;
}

function defaultValue(type: string): TypedValue {
  const zero: Readonly<Record<string, TypedValue>> = {
    byte: { t: 'java.lang.Byte', v: '0' },
    short: { t: 'java.lang.Short', v: '0' },
    int: { t: 'java.lang.Integer', v: '0' },
    long: { t: 'java.lang.Long', v: '0' },
    float: { t: 'java.lang.Float', v: '0.0' },
    double: { t: 'java.lang.Double', v: '0.0' },
    boolean: { t: 'java.lang.Boolean', v: false },
    char: { t: 'java.lang.Character', v: 'x' },
  };
  if (zero[type] !== undefined) return zero[type];
  // A value that is not null lets a guard against null pass: null is a value of its own where somebody looks.
  if (type === 'java.lang.String') return { t: type, v: '' };
  return type in BOXED_ZERO ? { t: type, v: '0' } : { t: 'null' };
}

const BOXED_ZERO: Readonly<Record<string, true>> = {
  'java.lang.Byte': true,
  'java.lang.Short': true,
  'java.lang.Integer': true,
  'java.lang.Long': true,
  'java.lang.Double': true,
  'java.lang.Float': true,
};
