/**
 * Classes that are there wherever a script of Dubbo runs: those of Java 8, of Groovy and of Dubbo itself. Whether any other one is
 * there, weir does not know; a text that imports one that is not there does not compile. Real Groovy is asked about those of
 * Java and Groovy in test/e2e/groovy-causes.test.ts, and the jars of Dubbo about theirs in test/e2e/string-utils.test.ts.
 */
import { isOfLibrary } from './known-libraries.ts';

/** Names of Java and Groovy, by package. */
export const KNOWN_IMPORTS: Readonly<Record<string, string>> = {
  'java.util.regex': 'Pattern Matcher',
  'java.util.concurrent':
    'ThreadLocalRandom TimeUnit ConcurrentHashMap ConcurrentMap CopyOnWriteArrayList CountDownLatch Executors ' +
    'ExecutorService Future Callable TimeoutException ExecutionException',
  'java.util.concurrent.atomic': 'AtomicInteger AtomicLong AtomicBoolean AtomicReference LongAdder',
  'java.util.stream': 'Collectors Stream IntStream LongStream',
  'java.util.function':
    'Function BiFunction Predicate BiPredicate Supplier Consumer BiConsumer UnaryOperator BinaryOperator ToIntFunction',
  'java.util':
    'Base64 Comparator ListIterator Map.Entry NoSuchElementException Queue Deque ArrayDeque PriorityQueue Stack Vector ' +
    'SortedMap SortedSet NavigableMap ConcurrentModificationException StringJoiner StringTokenizer Locale Currency ' +
    'BitSet EnumMap EnumSet AbstractMap AbstractList OptionalInt Scanner Timer GregorianCalendar IdentityHashMap ' +
    'WeakHashMap ResourceBundle',
  'java.util.zip': 'CRC32 Adler32',
  'java.math': 'RoundingMode MathContext',
  'java.text': 'SimpleDateFormat DateFormat ParseException DecimalFormat NumberFormat MessageFormat',
  'java.time':
    'Clock DayOfWeek Duration Instant LocalDate LocalDateTime LocalTime Month OffsetDateTime Period Year YearMonth ' +
    'ZonedDateTime ZoneId ZoneOffset',
  'java.time.format': 'DateTimeFormatter',
  'java.time.temporal': 'ChronoUnit',
  'java.net': 'URLDecoder URLEncoder UnknownHostException InetSocketAddress Inet4Address HttpURLConnection Socket',
  'java.io':
    'IOException InputStream OutputStream BufferedReader InputStreamReader FileInputStream FileReader Serializable ' +
    'StringWriter PrintWriter FileNotFoundException UnsupportedEncodingException',
  'java.nio.charset': 'Charset StandardCharsets',
  'java.nio.file': 'Files Paths Path',
  'java.lang.reflect': 'Method Field Modifier',
  'java.security': 'MessageDigest SecureRandom',
  'javax.script': 'ScriptEngine ScriptEngineManager Bindings CompiledScript Invocable ScriptContext',
  'groovy.transform': 'Field CompileStatic TypeChecked Canonical EqualsAndHashCode ToString Immutable Memoized',
  'groovy.json': 'JsonSlurper JsonOutput JsonBuilder',
  'groovy.time': 'TimeCategory',
  'groovy.util.logging': 'Log Slf4j Commons',
  'groovy.sql': 'Sql',
  'groovy.lang': 'Binding Script MissingPropertyException MissingMethodException',
  'org.codehaus.groovy.runtime': 'InvokerHelper DefaultGroovyMethods',
};

/** Names that Dubbo 2.7.23, 3.2.16 and 3.3.6 have below com.alibaba.dubbo and below org.apache.dubbo. */
const BOTH_DUBBOS =
  'rpc.Invoker rpc.Invocation rpc.RpcInvocation rpc.RpcContext rpc.RpcException rpc.Result rpc.cluster.Router ' +
  'rpc.cluster.Directory rpc.cluster.LoadBalance rpc.cluster.Cluster common.URL common.utils.UrlUtils';

/** Names of Dubbo by package. Others of com.alibaba.dubbo went with 2.7, so that nobody knows whether they are there. */
export const DUBBO_IMPORTS: Readonly<Record<string, string>> = {
  'com.alibaba.dubbo': `${BOTH_DUBBOS} common.Constants`,
  'org.apache.dubbo':
    `${BOTH_DUBBOS} common.utils.StringUtils common.utils.CollectionUtils common.utils.NetUtils ` +
    'common.utils.ConfigUtils common.logger.Logger common.logger.LoggerFactory common.constants.CommonConstants',
};

const NAMES: ReadonlySet<string> = new Set(
  Object.entries({ ...KNOWN_IMPORTS, ...DUBBO_IMPORTS }).flatMap(([pkg, names]) =>
    names.split(' ').map((name) => `${pkg}.${name}`),
  ),
);

/** Whether a class of this full name is there wherever a script runs. */
export function isKnownImport(name: string): boolean {
  return NAMES.has(name) || isOfLibrary(name) || name.startsWith('com.taobao.hsf.');
}
