import com.alibaba.fastjson2.JSON;
import com.alibaba.fastjson2.JSONArray;
import com.alibaba.fastjson2.JSONObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.logging.LogManager;
import org.apache.dubbo.common.URL;
import org.apache.dubbo.rpc.Invocation;
import org.apache.dubbo.rpc.Invoker;
import org.apache.dubbo.rpc.Result;
import org.apache.dubbo.rpc.RpcInvocation;

/**
 * Runs rule texts in the condition and tag routers of a real Dubbo. One JSON line in: {kind, rule, app, providers, calls};
 * one JSON line out: {"results": [["p1"] | "ERROR:<class>" | "UNASKABLE"]}. Kinds: condition-url, condition-yaml, tag, javascript.
 * The argument names the class that knows the routers of a version. Ends at the end of its input.
 */
public final class RouterOracle {
    /** The routers of one version of Dubbo. */
    interface Routers {
        /** A consumer's URL, as the version wants it. */
        URL consumer(String host, String service, Map<String, String> parameters);

        /** Loads a rule for a consumer that sees these providers. */
        Loaded load(String kind, String rule, URL consumer, List<Invoker<Object>> invokers);
    }

    /** A rule in its router. */
    interface Loaded {
        List<Invoker<Object>> route(List<Invoker<Object>> invokers, URL consumer, Invocation invocation);
    }

    public static void main(String[] args) throws Exception {
        // Dubbo logs to stdout: keep the answers apart.
        PrintStream out = System.out;
        System.setOut(System.err);
        // Without a network Dubbo writes two stack traces a rule, which nobody reads and which take longer than its routers.
        LogManager.getLogManager().reset();
        Routers routers = (Routers) Class.forName(args[0]).getDeclaredConstructor().newInstance();
        out.println("ready");
        out.flush();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JSONObject reply = new JSONObject();
            reply.put("results", answers(routers, JSON.parseObject(line)));
            out.println(reply);
            out.flush();
        }
        System.exit(0);
    }

    // A rule is loaded once for all calls of one consumer that see the same providers.
    private static JSONArray answers(Routers routers, JSONObject request) {
        JSONArray results = new JSONArray();
        Map<String, Object> loaded = new HashMap<>();
        for (Object item : request.getJSONArray("calls")) {
            JSONObject call = (JSONObject) item;
            String service = call.getString("service");
            Map<String, String> parameters = consumerParameters(call, service);
            JSONObject consumer = call.getJSONObject("consumer");
            String host = consumer.containsKey("host") ? consumer.getString("host") : "127.0.0.1";
            JSONArray only = call.getJSONArray("only");
            JSONArray down = call.getJSONArray("down");
            Invocation invocation;
            try {
                invocation = invocation(call, service);
            } catch (Throwable unknownValue) {
                results.add("UNASKABLE");
                continue;
            }
            String key = host + service + new TreeMap<>(parameters) + only + down;
            try {
                Situation situation = (Situation) loaded.get(key);
                if (situation == null) {
                    situation = new Situation();
                    situation.url = routers.consumer(host, service, parameters);
                    situation.invokers = invokers(request, only, down, service);
                    situation.rule = routers.load(
                            request.getString("kind"), request.getString("rule"), situation.url, situation.invokers);
                    loaded.put(key, situation);
                }
                JSONArray ids = new JSONArray();
                for (Invoker<Object> left : situation.rule.route(
                        situation.invokers, situation.url, invocation)) {
                    ids.add(((StubInvoker) left).id);
                }
                results.add(ids);
            } catch (Throwable error) {
                results.add("ERROR:" + error.getClass().getName());
            }
        }
        return results;
    }

    private static final class Situation {
        URL url;
        List<Invoker<Object>> invokers;
        Loaded rule;
    }

    private static Map<String, String> consumerParameters(JSONObject call, String service) {
        Map<String, String> parameters = new HashMap<>();
        JSONObject consumer = call.getJSONObject("consumer");
        if (consumer.containsKey("application")) parameters.put("application", consumer.getString("application"));
        parameters.put("interface", service);
        parameters.put("side", "consumer");
        if (consumer.containsKey("params")) {
            consumer.getJSONObject("params").forEach((name, value) -> parameters.put(name, String.valueOf(value)));
        }
        return parameters;
    }

    private static List<Invoker<Object>> invokers(
            JSONObject request, JSONArray only, JSONArray down, String service) {
        List<Invoker<Object>> invokers = new ArrayList<>();
        for (Object item : request.getJSONArray("providers")) {
            JSONObject provider = (JSONObject) item;
            if (only == null || only.contains(provider.getString("id"))) {
                boolean available = down == null || !down.contains(provider.getString("id"));
                invokers.add(new StubInvoker(provider, request.getString("app"), service, available));
            }
        }
        return invokers;
    }

    private static Invocation invocation(JSONObject call, String service) {
        List<Class<?>> types = new ArrayList<>();
        for (Object type : call.getJSONArray("paramTypes")) types.add(CallValues.classOf((String) type));
        List<Object> values = new ArrayList<>();
        for (Object value : call.getJSONArray("args")) values.add(CallValues.valueOf((JSONObject) value));
        RpcInvocation invocation = new RpcInvocation(
                call.getString("method"), service, service, types.toArray(new Class<?>[0]), values.toArray());
        call.getJSONObject("attachments").forEach((key, value) -> invocation.setAttachment(key, String.valueOf(value)));
        return invocation;
    }

    /** A provider as the registry shows it: its URL says which interface it serves and that it is a provider. */
    public static final class StubInvoker implements Invoker<Object> {
        final String id;
        private final URL url;
        private final boolean available;

        StubInvoker(JSONObject provider, String app, String service, boolean available) {
            this.available = available;
            this.id = provider.getString("id");
            Map<String, String> parameters = new HashMap<>();
            parameters.put("interface", service);
            parameters.put("side", "provider");
            provider.getJSONObject("params").forEach((key, value) -> parameters.put(key, String.valueOf(value)));
            parameters.put("remote.application", app);
            this.url = new URL("dubbo", provider.getString("host"), provider.getIntValue("port"), service, parameters);
        }

        @Override public Class<Object> getInterface() { return Object.class; }
        @Override public Result invoke(Invocation invocation) { throw new UnsupportedOperationException(); }
        @Override public URL getUrl() { return url; }
        @Override public boolean isAvailable() { return available; }
        @Override public void destroy() {}
    }
}
