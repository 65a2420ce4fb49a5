/**
 * Classes that scripts use and that no script sees without an import: a text that names one of them as a type does not compile,
 * and one that uses it as a value fails. Real Groovy is asked about each in test/e2e/groovy-causes.test.ts.
 */
export const NEED_IMPORT: ReadonlySet<string> = new Set(
  (
    'Invoker Invocation RpcInvocation RpcContext RpcException Result Directory Cluster LoadBalance ' +
    'Collectors Stream IntStream Function Predicate Supplier Consumer BiFunction ' +
    'Pattern Matcher LocalDate LocalTime LocalDateTime Instant Duration ChronoUnit DateTimeFormatter ' +
    'AtomicInteger AtomicLong AtomicBoolean ConcurrentHashMap CopyOnWriteArrayList ThreadLocalRandom TimeUnit ' +
    'StringUtils CollectionUtils NumberUtils Logger LoggerFactory JsonSlurper JsonOutput SimpleDateFormat ' +
    'Field CompileStatic TypeChecked Canonical Slf4j Log'
  ).split(' '),
);
