/** Static members and constructors of JDK classes. */
import type { OpaqueCode } from '../../plan/route-plan.ts';
import { isSinceDubbo3, knowsTextMethod } from '../knowledge/known-libraries.ts';
import { throwableName } from '../machine/exceptions.ts';
import { hasHashOrder } from '../machine/hash-order.ts';
import type { MachineTypes } from '../machine/machine-types.ts';
import { simpleName } from '../machine/machine-types.ts';
import { javaTrim } from '../machine/term-functions.ts';
import { TEXT_CLASS } from '../values/class-mask.ts';
import { concreteCompare, concreteText, isText } from '../values/concrete.ts';
import { integral, javaInt } from '../values/java-number.ts';
import { isKind, type Value } from '../values/values.ts';
import { uniformDraw } from './methods-host.ts';
import { matchText } from './methods-text.ts';
import { type Found, MISSING } from './missing.ts';

const OPAQUE_CLASSES: readonly (readonly [RegExp, OpaqueCode, string])[] = [
  [
    /^(?:Date|Calendar|GregorianCalendar|SimpleDateFormat|DateFormat|Local(?:Date|Time|DateTime)|Instant|ZonedDateTime|Clock|Year|DayOfWeek|TimeUnit|TimeZone|DateUtil|DateUtils)$/,
    'clock',
    'the clock decides',
  ],
  [/^(?:UUID|SecureRandom|ThreadLocalRandom|RandomUtils)$/, 'random', 'a random source decides'],
  [
    /^(?:URL|URI|File|FileReader|BufferedReader|InputStream|Socket|ServerSocket|HttpURLConnection|InetAddress|NetworkInterface|Sql|DriverManager|Files|Paths|Properties|ProcessBuilder|Runtime|System|Jedis|ConfigService|ApolloConfig|ReferenceConfig|ApplicationContext|SpringUtil)$/,
    'input-output',
    'something outside of the call is read',
  ],
  [
    /^(?:Eval|GroovyShell|GroovyClassLoader|GroovyScriptEngine|ScriptEngineManager|Class|ClassLoader|Thread|Method|Unsafe)$/,
    'dynamic-code',
    'code is made or reached at run time',
  ],
  [
    /^(?:Atomic\w+|LongAdder|ConcurrentHashMap|ThreadLocal|Semaphore|RateLimiter|CopyOnWriteArrayList|ReentrantLock)$/,
    'state',
    'state that outlives the call decides',
  ],
];

/** Answer for a static call that no row covers. Classes that routing must not depend on give their reason. */
export function refused(m: MachineTypes, name: string): Found {
  refuseClass(m, name);
  return MISSING;
}

/** Ends the path for a class that routing must not depend on. */
function refuseClass(m: MachineTypes, name: string): void {
  const known = OPAQUE_CLASSES.find(([pattern]) => pattern.test(simpleName(name)));
  if (known) m.opaque(known[1], `${simpleName(name)}: ${known[2]}`);
}

/** Classes that every script sees without an import, by package; others of these packages are there too, but not known. */
const IMPORTED: Readonly<Record<string, string>> = {
  'java.lang':
    'Object String Integer Long Short Byte Double Float Boolean Character Number Math StringBuilder StringBuffer ' +
    'CharSequence Comparable Iterable System Thread Class Runtime Throwable ProcessBuilder',
  'java.math': 'BigDecimal BigInteger',
  'java.util':
    'List ArrayList LinkedList Collection Set HashSet LinkedHashSet TreeSet Map HashMap LinkedHashMap TreeMap ' +
    'Collections Arrays Iterator Objects Random Date Calendar UUID TimeZone Properties Optional',
  'java.net': 'URL URI InetAddress NetworkInterface',
  'java.io': 'File',
  'groovy.lang': 'Closure GString Range GroovyShell',
  'groovy.util': 'Eval',
  '': 'int long double float boolean short byte char void',
};

/** Full names of the classes that a script can use without an import, as far as weir knows them. */
export const KNOWN_CLASSES: ReadonlyMap<string, string> = new Map(
  Object.entries(IMPORTED).flatMap(([pkg, names]) =>
    names.split(' ').map((name) => [name, pkg === '' ? name : `${pkg}.${name}`] as const),
  ),
);

/** A static property: constants of the number classes. */
export function staticProperty(m: MachineTypes, cls: string, name: string): Found {
  const simple = simpleName(cls);
  if (name === 'name' || name === 'simpleName') return name === 'name' ? cls : simple;
  if (name === 'class') return { kind: 'class', name: cls };
  if (simple === 'Integer' && name === 'MAX_VALUE') return javaInt(2_147_483_647);
  if (simple === 'Integer' && name === 'MIN_VALUE') return javaInt(-2_147_483_648);
  if (simple === 'Long' && name === 'MAX_VALUE') return integral('Long', (1n << 63n) - 1n);
  if (simple === 'Long' && name === 'MIN_VALUE') return integral('Long', -(1n << 63n));
  if (simple === 'Boolean' && (name === 'TRUE' || name === 'FALSE')) return name === 'TRUE';
  if (simple === 'Collections' && (name === 'EMPTY_LIST' || name === 'EMPTY_SET'))
    return m.list([], name === 'EMPTY_SET' ? 'set' : 'list');
  if (name === 'metaClass') return m.opaque('dynamic-code', 'classes are changed at run time');
  refuseClass(m, cls);
  return MISSING;
}

/** A call of a static method. */
export function callStatic(m: MachineTypes, cls: string, name: string, args: readonly Value[]): Found {
  const simple = simpleName(cls);
  const [first = null, second = null] = args;
  const key = `${simple}.${name}`;
  switch (key) {
    case 'Collectors.toList':
    case 'Collectors.toSet':
      return { kind: 'host', type: 'collector', name: name === 'toSet' ? 'toSet' : 'toList' };
    case 'Integer.parseInt':
    case 'Integer.valueOf':
    case 'Long.parseLong':
    case 'Long.valueOf': {
      const fn = simple === 'Integer' ? 'parseInt' : 'parseLong';
      const value = m.resolve(first);
      if (args.length !== 1) return MISSING;
      if (name.startsWith('parse') || isText(value) || value === null)
        return m.apply(fn, [isText(value) ? m.text(value) : value]);
      if (isKind(value, 'symbol') && (m.facts(value.term).classes(value.term) & ~3) === 0) return m.apply(fn, [value]);
      if (isKind(value, 'number') && value.cls === simple) return value;
      return isKind(value, 'number') && simple === 'Long' && value.cls === 'Integer'
        ? m.apply('longValue', [value])
        : MISSING;
    }
    case 'Double.parseDouble':
    case 'Double.valueOf':
      return m.apply('toDouble', [first]);
    case 'Boolean.parseBoolean':
    case 'Boolean.valueOf': {
      const value = m.resolve(first);
      if (value === null || typeof value === 'boolean') return value === true;
      return m.invoke('true', 'equalsIgnoreCase', [value]);
    }
    case 'String.valueOf':
      return m.text(first);
    case 'Integer.toString':
    case 'Long.toString':
      return args.length === 1 ? m.text(first) : MISSING;
    case 'Integer.compare':
    case 'Long.compare':
      return m.compare('<', first, second) ? javaInt(-1) : m.looseEquals(first, second) ? javaInt(0) : javaInt(1);
    case 'Math.abs':
      return m.apply('abs', [first]);
    case 'Math.max':
    case 'Math.min': {
      const wanted = name === 'max' ? m.compare('>=', first, second) : m.compare('<=', first, second);
      const chosen = wanted ? first : second;
      const long = [first, second].some((value) => m.classOf(value) === 'java.lang.Long');
      return long ? m.apply('longValue', [chosen]) : chosen;
    }
    case 'Math.floorMod': {
      const remainder = m.apply('mod', [first, second]);
      const same =
        m.looseEquals(remainder, javaInt(0)) ||
        m.compare('<', remainder, javaInt(0)) === m.compare('<', second, javaInt(0));
      return same ? remainder : m.apply('plus', [remainder, second]);
    }
    case 'Math.random':
      return uniformDraw(m.nextDraw());
    case 'ThreadLocalRandom.current':
      return { kind: 'host', type: 'random' };
    case 'Collections.emptyList':
      return { ...m.list([]), fixed: 'all' };
    case 'Arrays.asList':
      return { ...m.list(args), fixed: 'size' };
    case 'Collections.emptyMap':
      return m.map([]);
    case 'Collections.singletonList':
    case 'Collections.singleton':
      return { ...m.list([first], name === 'singleton' ? 'set' : 'list'), fixed: 'all' };
    case 'Collections.unmodifiableList':
      return isKind(first, 'list') ? { ...first, fixed: 'all' } : MISSING;
    case 'Collections.shuffle':
      return m.opaque('random', 'the list is shuffled');
    case 'Objects.equals':
      return first === null
        ? m.looseEquals(second, null)
        : second === null
          ? m.looseEquals(first, null)
          : m.equals(first, second);
    case 'Objects.isNull':
    case 'Objects.nonNull':
      return m.looseEquals(first, null) === (name === 'isNull');
    case 'Objects.hash':
    case 'Objects.hashCode':
    case 'Arrays.hashCode':
      return m.opaque('hash', 'a hash code decides');
    case 'Pattern.compile':
      return args.length === 1 && isText(first) ? { kind: 'pattern', source: concreteText(first) } : MISSING;
    case 'Pattern.matches':
      return matchText(m, m.resolve(second), first, 'full');
    case 'Pattern.quote':
      return isText(first) ? `\\Q${concreteText(first)}\\E` : MISSING;
    case 'RpcContext.getContext':
    case 'RpcContext.getClientAttachment':
      return { kind: 'host', type: 'context' };
    default:
      break;
  }
  if (simple === 'StringUtils') {
    if (!knowsTextMethod(cls, name)) return MISSING;
    if (isSinceDubbo3(cls, name)) {
      if (m.world.runsIn === '2.x') return MISSING;
      if (m.world.runsIn !== '3.x')
        m.note(
          'WR076',
          `StringUtils.${name} is there since Dubbo 3: consumers are taken to have it; on 2.x the script fails here`,
        );
    }
    return callStringUtils(m, name, args);
  }
  refuseClass(m, cls);
  return MISSING;
}

/** Characters for which Character.isWhitespace holds, asked of Java 17 one by one. */
const BLANK_TEXT = '[\\x09-\\x0d\\x1c-\\x20\\u1680\\u2000-\\u2006\\u2008-\\u200a\\u2028\\u2029\\u205f\\u3000]*';

/** Methods of StringUtils, Dubbo's and those of the commons. They take null for a text. */
function callStringUtils(m: MachineTypes, name: string, args: readonly Value[]): Found {
  const [first = null, second = null] = args;
  switch (name) {
    case 'isEmpty':
      return !m.truth(first);
    case 'isNotEmpty':
      return m.truth(first);
    case 'isBlank':
    case 'isNotBlank': {
      const blank = m.looseEquals(first, null) || matchText(m, m.text(first), BLANK_TEXT, 'full');
      return blank === (name === 'isBlank');
    }
    case 'equals':
    case 'isEquals':
      return m.looseEquals(first, second);
    case 'equalsIgnoreCase':
    case 'contains':
    case 'startsWith':
    case 'endsWith':
      return m.looseEquals(first, null) ? false : m.invoke(m.text(first), name, [m.text(second)]);
    default:
      return MISSING;
  }
}

/** `new Type(args)` for classes of the JDK. */
export function construct(m: MachineTypes, cls: string, args: readonly Value[]): Found {
  const simple = simpleName(cls);
  const [first = null] = args;
  const exception = throwableName(cls);
  if (exception !== undefined || /(?:Exception|Error)$/.test(simple)) {
    return {
      kind: 'throwable',
      cls: exception ?? cls,
      message: first !== null && isText(first) ? concreteText(first) : null,
    };
  }
  switch (simple) {
    case 'LinkedList':
      return { ...m.list(args.length === 0 ? [] : m.iterable(first)), linked: true };
    case 'ArrayList':
      if (
        isKind(first, 'number') &&
        (concreteCompare(first, javaInt(0)) < 0 || concreteCompare(first, javaInt(10_000)) > 0)
      )
        return MISSING;
      return m.list(args.length === 0 || isKind(first, 'number') || isKind(first, 'size') ? [] : m.iterable(first));
    case 'HashSet':
      return m.invoke(m.list(args.length === 0 || isKind(first, 'number') ? [] : m.membersOf(first)), 'toSet', []);
    case 'LinkedHashSet':
      return m.linkedSet(m.list(args.length === 0 || isKind(first, 'number') ? [] : m.iterable(first)));
    case 'HashMap':
      // A copy of what the call or the provider holds is read as the original is.
      if (isKind(first, 'host')) return first;
      return { ...m.map(isKind(first, 'map') ? first.entries : []), hashed: true };
    case 'LinkedHashMap':
      if (hasHashOrder(first)) return MISSING;
      return m.map(isKind(first, 'map') ? first.entries : []);
    case 'Random':
      return args.length === 0 ? { kind: 'host', type: 'random' } : m.opaque('random', 'a random source with a seed');
    case 'String':
      return args.length === 1 ? m.text(first) : '';
    case 'Integer':
    case 'Long':
      if (isKind(first, 'symbol') && m.isOf(first, TEXT_CLASS))
        return m.apply(simple === 'Integer' ? 'parseInt' : 'parseLong', [first]);
      return isText(first)
        ? m.apply(simple === 'Integer' ? 'parseInt' : 'parseLong', [m.text(first)])
        : m.coerce(first, simple, 0);
    case 'BigDecimal':
      if (typeof first === 'string' && first !== javaTrim(first))
        return m.fail('java.lang.NumberFormatException', null);
      if (typeof first !== 'string') return MISSING;
      return m.apply('toBigDecimal', [first]);
    case 'Object':
      return { kind: 'host', type: 'bean', cls: 'java.lang.Object', fields: {} };
    default:
      break;
  }
  refuseClass(m, cls);
  return MISSING;
}
