import groovy.json.JsonOutput;
import groovy.json.JsonSlurper;
import groovy.lang.Binding;
import groovy.lang.GroovyShell;
import groovy.lang.Script;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs routing scripts on real Groovy. One JSON document a line on stdin: {"script", "providers", "calls"}; one line of
 * outcomes back: ["p1,p2"], "ALL(ignored)", "ERROR:class". Values carry their class, numbers as text.
 */
public class GroovyOracle {
  public static class URL {
    private final String host;
    private final int port;
    private final Map<String, String> parameters;

    URL(String host, int port, Map<String, String> parameters) {
      this.host = host;
      this.port = port;
      this.parameters = parameters;
    }

    public String getHost() { return host; }
    public int getPort() { return port; }
    public String getAddress() { return host + ":" + port; }
    public Map<String, String> getParameters() { return parameters; }
    public String getParameter(String key) { return parameters.get(key); }

    public String getParameter(String key, String fallback) {
      String value = parameters.get(key);
      return value == null || value.isEmpty() ? fallback : value;
    }
  }

  public static class Invoker {
    final String id;
    private final URL url;

    Invoker(String id, URL url) {
      this.id = id;
      this.url = url;
    }

    public URL getUrl() { return url; }
    public boolean isAvailable() { return true; }
  }

  public static class Invocation {
    private final String method;
    private final Object[] arguments;
    private final Map<String, String> attachments;

    Invocation(String method, Object[] arguments, Map<String, String> attachments) {
      this.method = method;
      this.arguments = arguments;
      this.attachments = attachments;
    }

    public String getMethodName() { return method; }
    public Object[] getArguments() { return arguments; }
    public Map<String, String> getAttachments() { return attachments; }
    public String getAttachment(String key) { return attachments.get(key); }

    public String getAttachment(String key, String fallback) {
      String value = attachments.get(key);
      return value == null || value.isEmpty() ? fallback : value;
    }
  }

  @SuppressWarnings("unchecked")
  static Object value(Map<String, Object> typed) {
    String type = (String) typed.get("t");
    Object raw = typed.get("v");
    switch (type) {
      case "null": return null;
      case "java.lang.String": return raw;
      case "java.lang.Boolean": return Boolean.valueOf(String.valueOf(raw));
      case "java.lang.Integer": return Integer.valueOf((String) raw);
      case "java.lang.Long": return Long.valueOf((String) raw);
      case "java.lang.Short": return Short.valueOf((String) raw);
      case "java.lang.Double": return Double.valueOf((String) raw);
      case "java.math.BigDecimal": return new BigDecimal((String) raw);
      case "java.math.BigInteger": return new BigInteger((String) raw);
      default:
        List<Object> items = new ArrayList<>();
        for (Object item : (List<Object>) raw) items.add(value((Map<String, Object>) item));
        return items;
    }
  }

  @SuppressWarnings("unchecked")
  static Object outcome(Script script, List<Invoker> all, Map<String, Object> call) {
    List<Invoker> invokers = new ArrayList<>(all);
    List<Object> arguments = new ArrayList<>();
    for (Object item : (List<Object>) call.get("args")) arguments.add(value((Map<String, Object>) item));
    Map<String, String> attachments = new HashMap<>((Map<String, String>) call.get("attachments"));
    Binding binding = new Binding();
    binding.setVariable("invokers", invokers);
    binding.setVariable("invocation", new Invocation((String) call.get("method"), arguments.toArray(), attachments));
    Object result;
    try {
      script.setBinding(binding);
      result = script.run();
    } catch (Exception e) {
      return "ALL(ignored)";
    } catch (Throwable e) {
      return "ERROR:" + e.getClass().getName();
    }
    if (result == null) return "ERROR:java.lang.NullPointerException";
    if (result instanceof Object[]) result = java.util.Arrays.asList((Object[]) result);
    if (!(result instanceof List)) return "ERROR:java.lang.ClassCastException";
    List<String> ids = new ArrayList<>();
    for (Invoker invoker : all) if (((List<Object>) result).contains(invoker)) ids.add(invoker.id);
    return ids;
  }

  @SuppressWarnings("unchecked")
  public static void main(String[] args) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    PrintStream out = new PrintStream(System.out, true, "UTF-8");
    System.setOut(System.err);
    out.println("ready");
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      Map<String, Object> request = (Map<String, Object>) new JsonSlurper().parseText(line);
      List<Invoker> providers = new ArrayList<>();
      for (Object item : (List<Object>) request.get("providers")) {
        Map<String, Object> row = (Map<String, Object>) item;
        Map<String, String> params = new LinkedHashMap<>((Map<String, String>) row.get("params"));
        providers.add(new Invoker((String) row.get("id"), new URL((String) row.get("host"), ((Number) row.get("port")).intValue(), params)));
      }
      List<Object> outcomes = new ArrayList<>();
      Script script = null;
      try {
        script = new GroovyShell().parse((String) request.get("script"));
      } catch (Throwable e) {
        script = null;
      }
      for (Object call : (List<Object>) request.get("calls")) {
        outcomes.add(script == null ? "ALL(ignored)" : outcome(script, providers, (Map<String, Object>) call));
      }
      out.println(JsonOutput.toJson(outcomes));
    }
  }
}
