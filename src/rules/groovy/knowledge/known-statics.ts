/**
 * The static methods and constructors that weir knows, by class and kinds of arguments; all others are opaque. Real Groovy
 * answers every row for many values of each kind, except those of RpcContext; StringUtils is a class of a library there
 * (known-libraries.ts).
 */
import { kindsNamed } from './value-kinds.ts';

/** Rows: `Class.method(kinds)`, or `new Class(kinds)`. */
export const KNOWN_STATICS: readonly string[] = [
  'Integer.parseInt(string)',
  'Integer.parseInt(null)',
  'Integer.valueOf(string)',
  'Integer.valueOf(int)',
  'Long.parseLong(string)',
  'Long.parseLong(null)',
  'Long.valueOf(string)',
  'Long.valueOf(int)',
  'Long.valueOf(long)',
  'Double.parseDouble(string)',
  'Double.valueOf(string)',
  'Boolean.parseBoolean(string)',
  'Boolean.parseBoolean(null)',
  'Boolean.valueOf(string)',
  'Boolean.valueOf(bool)',
  'String.valueOf(number)',
  'String.valueOf(bool)',
  'String.valueOf(text)',
  'Integer.toString(int)',
  'Long.toString(long)',
  'Integer.compare(int, int)',
  'Long.compare(long, long)',
  'Math.abs(int)',
  'Math.abs(long)',
  'Math.abs(double)',
  'Math.max(int, int)',
  'Math.max(whole, whole)',
  'Math.max(double, double)',
  'Math.min(int, int)',
  'Math.min(whole, whole)',
  'Math.min(double, double)',
  'Math.floorMod(int, int)',
  'Math.floorMod(long, long)',
  'Math.random()',
  'Collections.emptyList()',
  'Collections.emptyMap()',
  'Collections.singletonList(any)',
  'Collections.singleton(scalar)',
  'Collections.unmodifiableList(list)',
  'Arrays.asList(named)',
  'Arrays.asList(named, named)',
  'Arrays.asList(named, named, named)',
  'Arrays.asList(named, named, named, named)',
  'Objects.equals(scalar, scalar)',
  'Objects.isNull(any)',
  'Objects.nonNull(any)',
  'Pattern.compile(string)',
  'Pattern.matches(string, text)',
  'Pattern.quote(string)',
  'Collectors.toList()',
  'Collectors.toSet()',
  'ThreadLocalRandom.current()',
  'RpcContext.getContext()',
  'RpcContext.getClientAttachment()',
  'StringUtils.isEmpty(string)',
  'StringUtils.isEmpty(null)',
  'StringUtils.isNotEmpty(string)',
  'StringUtils.isNotEmpty(null)',
  'StringUtils.isBlank(string)',
  'StringUtils.isBlank(null)',
  'StringUtils.isNotBlank(string)',
  'StringUtils.isNotBlank(null)',
  'StringUtils.equals(string, string)',
  'StringUtils.equals(string, null)',
  'StringUtils.equals(null, string)',
  'StringUtils.equals(null, null)',
  'StringUtils.isEquals(string, string)',
  'StringUtils.isEquals(string, null)',
  'StringUtils.isEquals(null, string)',
  'StringUtils.isEquals(null, null)',
  'StringUtils.equalsIgnoreCase(string, string)',
  'StringUtils.equalsIgnoreCase(null, string)',
  'StringUtils.contains(string, string)',
  'StringUtils.contains(null, string)',
  'StringUtils.startsWith(string, string)',
  'StringUtils.startsWith(null, string)',
  'StringUtils.endsWith(string, string)',
  'StringUtils.endsWith(null, string)',
  'new ArrayList()',
  'new ArrayList(int)',
  'new ArrayList(collection)',
  'new LinkedList()',
  'new LinkedList(list)',
  'new HashSet()',
  'new HashSet(collection)',
  'new LinkedHashSet()',
  'new LinkedHashSet(collection)',
  'new HashMap()',
  'new HashMap(map)',
  'new HashMap(attachments)',
  'new HashMap(params)',
  'new LinkedHashMap()',
  'new LinkedHashMap(map)',
  'new Random()',
  'new String(string)',
  'new Integer(string)',
  'new Integer(int)',
  'new Long(string)',
  'new Long(long)',
  'new BigDecimal(string)',
];

/** Calls that weir refuses with any arguments, each for a reason of its own. */
export const REFUSED_STATICS: ReadonlySet<string> = new Set([
  'Objects.hash',
  'Objects.hashCode',
  'Arrays.hashCode',
  'Collections.shuffle',
]);

const ROWS = new Map<string, (readonly (ReadonlySet<string> | 'any')[])[]>();
for (const row of KNOWN_STATICS) {
  const match = /^(.*)\((.*)\)$/.exec(row);
  const [, name = '', args = ''] = match ?? [];
  ROWS.set(name, [...(ROWS.get(name) ?? []), args === '' ? [] : args.split(', ').map(kindsNamed)]);
}

/** Rows of a static method or constructor (`new Class`) that take this number of arguments. */
export function staticRows(name: string, count: number): readonly (readonly (ReadonlySet<string> | 'any')[])[] {
  return (ROWS.get(name) ?? []).filter((row) => row.length === count);
}
