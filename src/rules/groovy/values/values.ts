/** The values of a script under evaluation. */
import type { CallLeaf, ProviderLeaf, Term } from '../../plan/plan-term.ts';
import type { ProviderPredicate, ValueClass } from '../../plan/route-plan.ts';
import type { Block, ClassDeclaration, MethodDeclaration, Parameter } from '../syntax/ast.ts';
import type { JavaNumber } from './java-number.ts';

/** A value while a script is evaluated: Java's null, Boolean and String are the JavaScript ones, the rest are objects. */
export type Value = null | boolean | string | JavaNumber | GroovyObject;

/** Every value that is an object here. */
export type GroovyObject =
  | CharValue
  | GStringValue
  | ListValue
  | MapValue
  | RangeValue
  | ClosureValue
  | PatternValue
  | MatcherValue
  | IteratorValue
  | StreamValue
  | ClassValue
  | InstanceValue
  | ThrowableValue
  | HostValue
  | SymbolValue
  | LazyListValue
  | SizeValue
  | RandomValue
  | IndexValue
  | GroupsValue
  | PoisonValue;

/** java.lang.Character. */
export interface CharValue {
  readonly kind: 'char';
  readonly text: string;
}

/** groovy.lang.GString: equal to a String by ==, never by equals. */
export interface GStringValue {
  readonly kind: 'gstring';
  readonly parts: readonly Value[];
}

/** Elements of a list that stand for many providers: the value `item` for each provider for which `where` holds. */
export interface SegmentValue {
  readonly kind: 'segment';
  readonly where: ProviderPredicate;
  /** Written over the provider under test; the invoker itself in most lists. */
  readonly item: Value;
}

/** An item of a list. */
export type ListItem = Value | SegmentValue;

/** ArrayList, LinkedHashSet or an array. `birth` orders it against the start of a loop, for effects. */
export interface ListValue {
  readonly kind: 'list';
  readonly sort: 'list' | 'set' | 'array';
  items: readonly ListItem[];
  readonly birth: number;
  /** Map.values(): a Collection that is no List, equal to nothing else. */
  readonly view?: boolean;
  /** A HashSet, or the values of a HashMap: nobody knows the order. */
  readonly hashed?: boolean;
  /** A LinkedList: some of its methods do other things than those of an ArrayList. */
  readonly linked?: boolean;
  /** subList(): the same places as those of another list, which changes with it. */
  readonly shared?: boolean;
  /** Holds what it holds for good: asImmutable(), Arrays.asList(). Changing it throws. */
  readonly fixed?: 'all' | 'size';
}

/** LinkedHashMap; keys by `keyOf`. */
export interface MapValue {
  readonly kind: 'map';
  entries: ReadonlyMap<string, readonly [Value, Value]>;
  readonly birth: number;
  /** A HashMap: nobody knows the order of its entries. */
  readonly hashed?: boolean;
}

/** IntRange when both ends are Integer, else ObjectRange. */
export interface RangeValue {
  readonly kind: 'range';
  readonly from: Value;
  readonly to: Value;
  readonly inclusive: boolean;
}

/** A closure with the scope it was made in, or a method pointer. */
export interface ClosureValue {
  readonly kind: 'closure';
  readonly params: readonly Parameter[] | null;
  readonly body: Block | ((args: readonly Value[]) => Value);
  readonly scope: Scope;
}

/** java.util.regex.Pattern. */
export interface PatternValue {
  readonly kind: 'pattern';
  readonly source: string;
}

/** java.util.regex.Matcher; `at` is where the next find begins. */
export interface MatcherValue {
  readonly kind: 'matcher';
  readonly pattern: string;
  readonly subject: Value;
  at: number;
  groups: readonly (string | null)[] | null;
}

/** java.util.Iterator over a list. */
export interface IteratorValue {
  readonly kind: 'iterator';
  readonly list: ListValue;
  at: number;
  readonly birth: number;
}

/** java.util.stream.Stream over a list; its steps run when it ends, and it ends once. */
export interface StreamValue {
  readonly kind: 'stream';
  readonly items: readonly ListItem[];
  readonly steps: readonly { readonly name: 'filter' | 'map'; readonly closure: ClosureValue }[];
  readonly state: { used: boolean };
}

/** A class as a value, by its full name; a declared parameter type of an unknown call has a symbol for a name. */
export interface ClassValue {
  readonly kind: 'class';
  readonly name: string | SymbolValue;
}

/** An object of a class that the script declares. */
export interface InstanceValue {
  readonly kind: 'instance';
  readonly cls: ClassDeclaration;
  readonly fields: Map<string, Cell>;
}

/** An exception or error that the script made or caught. */
export interface ThrowableValue {
  readonly kind: 'throwable';
  readonly cls: string;
  readonly message: string | null;
}

/** Objects of the SDK, and JDK objects that weir knows by name only. `of` is a provider index, or 'each' for the one under test. */
export type HostValue =
  | { readonly kind: 'host'; readonly type: 'invoker' | 'url' | 'params'; readonly of: number | 'each' }
  | { readonly kind: 'host'; readonly type: 'invocation' | 'context' | 'attachments' | 'script' | 'random' | 'math' }
  | {
      readonly kind: 'host';
      readonly type: 'bean';
      readonly cls: string;
      readonly fields: Readonly<Record<string, Value>>;
    }
  | { readonly kind: 'host'; readonly type: 'enum'; readonly cls: string; readonly name: string }
  | { readonly kind: 'host'; readonly type: 'collector'; readonly name: 'toList' | 'toSet' };

/** A value that depends on the call or on the provider under test. `classes` is what it may be, as far as known. */
export interface SymbolValue {
  readonly kind: 'symbol';
  readonly term: Term;
}

/** The arguments or parameter types of a call, or the pieces of a text, whose number is not known. */
export interface LazyListValue {
  readonly kind: 'lazy-list';
  readonly of: 'args' | 'param-types' | 'param-classes' | 'tokens' | 'pieces';
  /** Arrays throw past the end, lists give null. */
  readonly past: 'throw' | 'null';
  /** For pieces of a text: the text, and the separator of tokenize or split. */
  readonly text?: Term;
  readonly separator?: string;
}

/** Number of elements of a list that holds segments. */
export interface SizeValue {
  readonly kind: 'size';
  readonly items: readonly ListItem[];
}

/** A random number: one of `values`, equally likely. `id` tells draws apart. */
export interface RandomValue {
  readonly kind: 'random';
  readonly id: number;
  readonly values: readonly Value[];
}

/** The loop index of a list that holds one segment. */
export interface IndexValue {
  readonly kind: 'index';
  readonly items: readonly ListItem[];
  readonly passed: boolean;
}

/** Result of groupBy over segments: a map whose keys depend on providers. */
export interface GroupsValue {
  readonly kind: 'groups';
  readonly segments: readonly { readonly segment: SegmentValue; readonly key: Value }[];
}

/** A value that weir does not know; using it makes the path opaque. */
export interface PoisonValue {
  readonly kind: 'poison';
  readonly code: import('../../plan/route-plan.ts').OpaqueCode;
  readonly reason: string;
}

/** A variable. `birth` orders it against the start of a loop. */
export interface Cell {
  value: Value;
  readonly type: string | null;
  readonly birth: number;
}

/** Variables of a block, and where to look further. */
export interface Scope {
  readonly vars: Map<string, Cell>;
  readonly parent: Scope | null;
  /** `this` inside: an instance, or the script. */
  readonly self: Value;
  /** `value.with { ... }`: names that are no local variable mean its members first. */
  readonly delegate?: Value;
  /** Methods reachable by a bare name. */
  readonly methods: readonly MethodDeclaration[];
}

/** Every class that the plan distinguishes. */
export const VALUE_CLASSES: readonly ValueClass[] = [
  'null',
  'java.lang.String',
  'java.lang.Integer',
  'java.lang.Long',
  'java.lang.Short',
  'java.lang.Byte',
  'java.lang.Double',
  'java.lang.Float',
  'java.math.BigDecimal',
  'java.math.BigInteger',
  'java.lang.Boolean',
  'java.lang.Character',
  'java.util.List',
  'java.util.Map',
  'other',
];

/** Leaves as values. */
export function symbolOf(leaf: CallLeaf | ProviderLeaf): SymbolValue {
  return { kind: 'symbol', term: leaf };
}

/** Whether the value is an object of the given kind. */
export function isKind<K extends GroovyObject['kind'] | 'number'>(
  value: Value | SegmentValue | undefined,
  kind: K,
): value is Extract<GroovyObject | JavaNumber, { kind: K }> {
  return typeof value === 'object' && value !== null && value.kind === kind;
}

/** A map entry. */
export function mapEntry(key: Value, value: Value): HostValue {
  return { kind: 'host', type: 'bean', cls: 'java.util.Map$Entry', fields: { key, value } };
}
