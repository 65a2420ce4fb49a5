package weir;

import groovy.json.JsonOutput;
import groovy.json.JsonSlurper;
import groovy.lang.Binding;
import groovy.lang.GroovyClassLoader;
import groovy.lang.GroovyShell;
import groovy.lang.Script;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.codehaus.groovy.runtime.InvokerHelper;

/**
 * Runs routing scripts on real Groovy, as the script router of Dubbo does. One JSON document a line on stdin: {"script",
 * "providers", "calls", "types"}; one line of outcomes back: ["p1", "p2"], "ALL(ignored)", "ERROR:class", or "UNASKABLE" for a call
 * with a value that cannot be made here. Values carry their class, numbers as text.
 */
public class GroovyOracle {
  /** Fields of beans and constants of enums, by class. */
  static Map<String, Object> shapes = new HashMap<>();

  /** Service of the call that is being answered. */
  static String service;

  public static class URL {
    private final String host;
    private final int port;
    private final Map<String, String> parameters;

    public URL(String host, int port, Map<String, String> parameters) {
      this.host = host;
      this.port = port;
      this.parameters = parameters;
    }

    public String getHost() { return host; }
    public int getPort() { return port; }
    public String getAddress() { return host + ":" + port; }
    public String getServiceInterface() { return service; }
    public Map<String, String> getParameters() { return parameters; }
    public String getParameter(String key) { return parameters.get(key); }
    public boolean hasParameter(String key) { return !isEmpty(parameters.get(key)); }

    public String getParameter(String key, String fallback) { return orElse(parameters.get(key), fallback); }

    public int getParameter(String key, int fallback) {
      return hasParameter(key) ? Integer.parseInt(parameters.get(key)) : fallback;
    }

    public long getParameter(String key, long fallback) {
      return hasParameter(key) ? Long.parseLong(parameters.get(key)) : fallback;
    }

    public boolean getParameter(String key, boolean fallback) {
      return hasParameter(key) ? Boolean.parseBoolean(parameters.get(key)) : fallback;
    }
  }

  public static class Invoker<T> {
    final String id;
    private final URL url;
    private final boolean available;

    public Invoker(String id, URL url, boolean available) {
      this.id = id;
      this.url = url;
      this.available = available;
    }

    public URL getUrl() { return url; }
    public boolean isAvailable() { return available; }
    public Class<?> getInterface() { return classOf(service, "interface"); }
  }

  /** What the invocation and the context have in common. */
  public static class Message {
    final Map<String, Object> attachments;

    Message(Map<String, Object> attachments) { this.attachments = attachments; }

    public Map<String, Object> getAttachments() { return attachments; }
    public Map<String, Object> getObjectAttachments() { return attachments; }
    public String getAttachment(String key) { return (String) attachments.get(key); }
    public Object getObjectAttachment(String key) { return attachments.get(key); }
    public String getAttachment(String key, String fallback) { return orElse(getAttachment(key), fallback); }
    public void setAttachment(String key, Object value) { attachments.put(key, value); }
  }

  public static class Invocation extends Message {
    private final String method;
    private final Class<?>[] types;
    private final Object[] arguments;

    public Invocation(String method, Class<?>[] types, Object[] arguments, Map<String, Object> attachments) {
      super(attachments);
      this.method = method;
      this.types = types;
      this.arguments = arguments;
    }

    public String getMethodName() { return method; }
    public String getServiceName() { return service; }
    public Class<?>[] getParameterTypes() { return types; }
    public Object[] getArguments() { return arguments; }
  }

  public static class RpcContext extends Message {
    static RpcContext current;
    private final Invocation invocation;
    private final String localHost;

    public RpcContext(Invocation invocation, String localHost) {
      super(invocation.attachments);
      this.invocation = invocation;
      this.localHost = localHost;
      current = this;
    }

    public static RpcContext getContext() { return current; }
    public static RpcContext getClientAttachment() { return current; }
    public String getMethodName() { return invocation.getMethodName(); }
    public Class<?>[] getParameterTypes() { return invocation.getParameterTypes(); }
    public Object[] getArguments() { return invocation.getArguments(); }
    public String getLocalHost() { return localHost; }
  }

  // Scripts import the SDK's types under the names of both generations: one chain of classes answers to all of them.
  private static final String[][] CHAINS = {
    {"URL", "", "com.alibaba.dubbo.common.URL", "org.apache.dubbo.common.URL"},
    {"Invoker", "<T>", "com.alibaba.dubbo.rpc.Invoker", "org.apache.dubbo.rpc.Invoker"},
    {"Invocation", "", "com.alibaba.dubbo.rpc.Invocation", "com.alibaba.dubbo.rpc.RpcInvocation",
      "org.apache.dubbo.rpc.Invocation", "org.apache.dubbo.rpc.RpcInvocation"},
    {"RpcContext", "", "com.alibaba.dubbo.rpc.RpcContext", "org.apache.dubbo.rpc.RpcContext"},
  };

  /** Texts as Dubbo's StringUtils looks at them. */
  public static class DubboTexts {
    public static boolean isEmpty(String text) { return text == null || text.isEmpty(); }
    public static boolean isNotEmpty(String text) { return !isEmpty(text); }
    public static boolean isBlank(CharSequence text) { return text == null || text.chars().allMatch(Character::isWhitespace); }
    public static boolean isNotBlank(CharSequence text) { return !isBlank(text); }
    public static boolean isEquals(String one, String other) { return one == null ? other == null : one.equals(other); }
  }

  /** Texts as the StringUtils of the commons look at them. */
  public static class CommonsTexts {
    public static boolean isEmpty(CharSequence text) { return text == null || text.length() == 0; }
    public static boolean isNotEmpty(CharSequence text) { return !isEmpty(text); }
    public static boolean isBlank(CharSequence text) { return DubboTexts.isBlank(text); }
    public static boolean isNotBlank(CharSequence text) { return !isBlank(text); }
    public static boolean equals(CharSequence one, CharSequence other) { return DubboTexts.isEquals(text(one), text(other)); }
    public static boolean equalsIgnoreCase(CharSequence one, CharSequence other) {
      return one == null || other == null ? one == other : text(one).equalsIgnoreCase(text(other));
    }
    public static boolean contains(CharSequence one, CharSequence other) {
      return one != null && other != null && text(one).contains(other);
    }
    public static boolean startsWith(CharSequence one, CharSequence other) {
      return one == null || other == null ? one == other : text(one).startsWith(text(other));
    }
    public static boolean endsWith(CharSequence one, CharSequence other) {
      return one == null || other == null ? one == other : text(one).endsWith(text(other));
    }
    private static String text(CharSequence one) { return one == null ? null : one.toString(); }
  }

  // Classes that scripts import and call nothing of, or nothing that weir follows: the text has to compile.
  private static final String[] BOTH = {
    "rpc.Result", "rpc.cluster.Router", "rpc.cluster.Directory", "rpc.cluster.LoadBalance", "rpc.cluster.Cluster",
    "common.utils.UrlUtils"
  };
  private static final String[] APACHE = {
    "common.utils.CollectionUtils", "common.utils.NetUtils", "common.utils.ConfigUtils", "common.logger.Logger",
    "common.logger.LoggerFactory", "common.constants.CommonConstants"
  };

  private static void define(String name, String heritage) {
    int dot = name.lastIndexOf('.');
    LOADER.parseClass("package " + name.substring(0, dot) + "\n@groovy.transform.InheritConstructors class "
      + name.substring(dot + 1) + heritage + " {}");
  }

  private static boolean hasLibraries = false;

  /** Makes the classes of libraries before the first text that may name one. */
  static void defineLibraries(String text) {
    if (hasLibraries || !(text.contains("org.apache.") || text.contains("com.alibaba."))) return;
    hasLibraries = true;
    for (String root : new String[] {"com.alibaba.dubbo.", "org.apache.dubbo."}) {
      for (String name : BOTH) define(root + name, "");
      define(root + "rpc.RpcException", " extends RuntimeException");
    }
    define("com.alibaba.dubbo.common.Constants", "");
    for (String name : APACHE) define("org.apache.dubbo." + name, "");
    define("org.apache.dubbo.common.utils.StringUtils", " extends weir.GroovyOracle.DubboTexts");
    for (String commons : new String[] {"lang", "lang3"})
      define("org.apache.commons." + commons + ".StringUtils", " extends weir.GroovyOracle.CommonsTexts");
  }

  private static final GroovyClassLoader LOADER = new GroovyClassLoader(GroovyOracle.class.getClassLoader());
  private static final Map<String, Class<?>> CLASSES = new HashMap<>();

  static void defineSdk() {
    for (String[] chain : CHAINS) {
      String parent = "weir.GroovyOracle." + chain[0];
      for (String name : Arrays.copyOfRange(chain, 2, chain.length)) {
        String head = "package " + name.substring(0, name.lastIndexOf('.')) + "\n@groovy.transform.InheritConstructors class ";
        Class<?> made = LOADER.parseClass(
          head + name.substring(name.lastIndexOf('.') + 1) + chain[1] + " extends " + parent + chain[1] + " {}");
        CLASSES.put(chain[0], made);
        parent = name;
      }
    }
  }

  static Object make(String type, Object... arguments) {
    return InvokerHelper.invokeConstructorOf(CLASSES.get(type), arguments);
  }

  static boolean isEmpty(String value) { return value == null || value.isEmpty(); }
  static String orElse(String value, String fallback) { return isEmpty(value) ? fallback : value; }

  /** A class by the name that Class.getName() gives; one that nobody has is made, without members. */
  static Class<?> classOf(String name, String kind) {
    Class<?> known = CLASSES.get(name);
    if (known != null) return known;
    Class<?> found;
    try {
      Class<?>[] primitives = {int.class, long.class, short.class, byte.class, char.class, float.class, double.class, boolean.class};
      found = Arrays.stream(primitives).filter(it -> it.getName().equals(name)).findFirst().orElse(null);
      if (found == null) found = Class.forName(name, false, LOADER);
    } catch (ClassNotFoundException e) {
      int dot = name.lastIndexOf('.');
      String head = dot < 0 ? "" : "package " + name.substring(0, dot) + "\n";
      found = LOADER.parseClass(head + declaration(name, name.substring(dot + 1), kind));
    }
    CLASSES.put(name, found);
    return found;
  }

  @SuppressWarnings("unchecked")
  private static String declaration(String name, String simple, String kind) {
    Map<String, Object> shape = (Map<String, Object>) shapes.get(name);
    if (shape == null) return kind + " " + simple + " {}";
    List<String> constants = (List<String>) shape.get("enum");
    if (constants != null) return "enum " + simple + " { " + String.join(", ", constants) + " }";
    StringBuilder fields = new StringBuilder();
    for (String field : ((Map<String, String>) shape.get("fields")).keySet()) fields.append("Object ").append(field).append("; ");
    return "class " + simple + " { " + fields + "}";
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static Object instance(String type, Object raw) {
    Class<?> made = classOf(type, "class");
    if (made.isEnum()) return Enum.valueOf((Class) made, (String) raw);
    Object bean = InvokerHelper.invokeConstructorOf(made, new Object[0]);
    ((Map<String, Object>) raw).forEach((key, item) -> InvokerHelper.setProperty(bean, key, value((Map<String, Object>) item)));
    return bean;
  }

  @SuppressWarnings("unchecked")
  static Object value(Map<String, Object> typed) {
    String type = (String) typed.get("t");
    Object raw = typed.get("v");
    switch (type) {
      case "null": return null;
      case "java.lang.String": return raw;
      case "java.lang.Boolean": return Boolean.valueOf(String.valueOf(raw));
      case "java.lang.Character": return String.valueOf(raw).charAt(0);
      case "java.lang.Byte": return Byte.valueOf(String.valueOf(raw));
      case "java.lang.Short": return Short.valueOf(String.valueOf(raw));
      case "java.lang.Integer": return Integer.valueOf(String.valueOf(raw));
      case "java.lang.Long": return Long.valueOf(String.valueOf(raw));
      case "java.lang.Float": return Float.valueOf(String.valueOf(raw));
      case "java.lang.Double": return Double.valueOf(String.valueOf(raw));
      case "java.math.BigDecimal": return new BigDecimal(String.valueOf(raw));
      case "java.math.BigInteger": return new BigInteger(String.valueOf(raw));
      case "java.util.Map":
      case "java.util.HashMap":
      case "java.util.LinkedHashMap":
        Map<String, Object> map = new LinkedHashMap<>();
        ((Map<String, Object>) raw).forEach((key, item) -> map.put(key, value((Map<String, Object>) item)));
        return map;
      case "java.util.List":
      case "java.util.ArrayList":
        List<Object> items = new ArrayList<>();
        for (Object item : (List<Object>) raw) items.add(value((Map<String, Object>) item));
        return items;
      default: return instance(type, raw);
    }
  }

  @SuppressWarnings("unchecked")
  static Object outcome(Class<?> script, List<Map<String, Object>> providers, Map<String, Object> call) {
    List<Object> arguments = new ArrayList<>();
    List<Class<?>> types = new ArrayList<>();
    service = (String) call.get("service");
    try {
      for (Object item : (List<Object>) call.get("args")) arguments.add(value((Map<String, Object>) item));
      for (Object item : (List<Object>) call.get("paramTypes")) types.add(classOf((String) item, "class"));
    } catch (Exception e) {
      return "UNASKABLE";
    }
    List<Object> only = (List<Object>) call.get("only");
    List<Object> down = (List<Object>) call.get("down");
    List<Invoker<?>> all = new ArrayList<>();
    for (Map<String, Object> row : providers) {
      String id = (String) row.get("id");
      if (only != null && !only.contains(id)) continue;
      Map<String, String> params = new LinkedHashMap<>((Map<String, String>) row.get("params"));
      Object url = make("URL", row.get("host"), ((Number) row.get("port")).intValue(), params);
      all.add((Invoker<?>) make("Invoker", id, url, down == null || !down.contains(id)));
    }
    Map<String, Object> attachments = new HashMap<>((Map<String, Object>) call.get("attachments"));
    Object invocation = make("Invocation", call.get("method"), types.toArray(new Class<?>[0]), arguments.toArray(), attachments);
    Binding binding = new Binding();
    binding.setVariable("invokers", new ArrayList<>(all));
    binding.setVariable("invocation", invocation);
    binding.setVariable("context", make("RpcContext", invocation, ((Map<String, Object>) call.get("consumer")).get("host")));
    Object result;
    try {
      // A new instance for every call, as a compiled script of the script engine has it.
      result = InvokerHelper.createScript(script, binding).run();
    } catch (Exception e) {
      return "ALL(ignored)";
    } catch (Throwable e) {
      return "ERROR:" + e.getClass().getName();
    }
    if (result == null) return "ERROR:java.lang.NullPointerException";
    if (result instanceof Object[]) result = Arrays.asList((Object[]) result);
    if (!(result instanceof List)) return "ERROR:java.lang.ClassCastException";
    List<String> ids = new ArrayList<>();
    for (Invoker<?> invoker : all) if (((List<Object>) result).contains(invoker)) ids.add(invoker.id);
    return ids;
  }

  /** Evaluates expressions, for the table of what weir knows: each gives its value with its class, or the class thrown. */
  static class Values {
    private static final int CHUNK = 40;

    /** Chunks share a script, for most of the time goes into compiling; one that does not compile is taken apart. */
    static List<String> evaluate(List<String> expressions) {
      List<String> answers = new ArrayList<>();
      for (int at = 0; at < expressions.size(); at += CHUNK) {
        List<String> chunk = expressions.subList(at, Math.min(at + CHUNK, expressions.size()));
        List<String> together = chunk(chunk);
        if (together != null) answers.addAll(together);
        else for (String one : chunk) {
          List<String> alone = chunk(Arrays.asList(one));
          answers.add(alone == null ? "!compile" : alone.get(0));
        }
      }
      return answers;
    }

    private static List<String> chunk(List<String> expressions) {
      StringBuilder text = new StringBuilder("[\n");
      for (String expression : expressions) text.append("{ -> ").append(expression).append("\n},\n");
      List<?> closures;
      defineLibraries(String.join("\n", expressions));
      try {
        closures = (List<?>) new GroovyShell(LOADER).parse(text.append("]").toString()).run();
      } catch (Throwable e) {
        return null;
      }
      List<String> answers = new ArrayList<>();
      for (Object closure : closures) {
        try {
          answers.add(describe(((groovy.lang.Closure<?>) closure).call()));
        } catch (Throwable e) {
          // Groovy has a cheaper subclass of the same meaning for calls that it sees fail.
          String name = e.getClass().getName().replaceAll("^org.codehaus.groovy.runtime.metaclass.(Missing\\w+)NoStack$", "groovy.lang.$1");
          answers.add("!" + name);
        }
      }
      return answers;
    }

    private static String describe(Object value) {
      if (value == null || value instanceof org.codehaus.groovy.runtime.NullObject) return "null";
      if (value instanceof String) return "s\"" + value + "\"";
      if (value instanceof groovy.lang.GString) return "g\"" + value + "\"";
      if (value instanceof Number || value instanceof Boolean || value instanceof Character)
        return value.getClass().getSimpleName() + " " + value;
      if (value instanceof groovy.lang.Range) return "range" + all((List<?>) value, false);
      if (value instanceof List) return "list" + all((List<?>) value, false);
      if (value instanceof java.util.Set) return "set" + all((java.util.Set<?>) value, true);
      if (value instanceof Object[]) return "array" + all(Arrays.asList((Object[]) value), false);
      if (value instanceof Map) {
        List<String> rows = new ArrayList<>();
        ((Map<?, ?>) value).forEach((key, item) -> rows.add(describe(key) + "=" + describe(item)));
        java.util.Collections.sort(rows);
        return "map" + rows;
      }
      if (value instanceof Map.Entry)
        return "entry " + describe(((Map.Entry<?, ?>) value).getKey()) + "=" + describe(((Map.Entry<?, ?>) value).getValue());
      if (value instanceof java.util.Collection) return "view" + all((java.util.Collection<?>) value, false);
      if (value instanceof java.util.Iterator) return "iterator";
      if (value instanceof java.util.regex.Matcher) return "matcher";
      if (value instanceof Class) return "class " + ((Class<?>) value).getName();
      if (value instanceof java.util.regex.Pattern) return "pattern " + value;
      if (value instanceof groovy.lang.Closure) return "closure";
      if (value instanceof Throwable) return "throwable " + value.getClass().getName();
      return value.getClass().getName();
    }

    private static String all(java.util.Collection<?> items, boolean sorted) {
      List<String> rows = new ArrayList<>();
      for (Object item : items) rows.add(describe(item));
      if (sorted) java.util.Collections.sort(rows);
      return rows.toString();
    }
  }

  static Class<?> compile(String text) {
    defineLibraries(text);
    try {
      return new GroovyShell(LOADER).parse(text).getClass();
    } catch (Throwable e) {
      return null;
    }
  }

  @SuppressWarnings("unchecked")
  public static void main(String[] args) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    PrintStream out = new PrintStream(System.out, true, "UTF-8");
    System.setOut(System.err);
    defineSdk();
    out.println("ready");
    String compiledText = null;
    Class<?> compiled = null;
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      Map<String, Object> request = (Map<String, Object>) new JsonSlurper().parseText(line);
      if (request.containsKey("texts")) {
        List<Boolean> verdicts = new ArrayList<>();
        for (String one : (List<String>) request.get("texts")) verdicts.add(compile(one) != null);
        out.println(JsonOutput.toJson(verdicts));
        continue;
      }
      if (request.containsKey("expressions")) {
        out.println(JsonOutput.toJson(Values.evaluate((List<String>) request.get("expressions"))));
        continue;
      }
      String text = (String) request.get("script");
      if (!text.equals(compiledText)) compiled = compile(text);
      compiledText = text;
      shapes = (Map<String, Object>) request.get("types");
      List<Object> outcomes = new ArrayList<>();
      for (Object call : (List<Object>) request.get("calls")) {
        outcomes.add(compiled == null ? "ALL(ignored)"
          : outcome(compiled, (List<Map<String, Object>>) request.get("providers"), (Map<String, Object>) call));
      }
      out.println(JsonOutput.toJson(outcomes));
    }
  }
}
