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
import org.apache.dubbo.common.URL;
import org.apache.dubbo.common.logger.support.FailsafeLogger;
import org.apache.dubbo.common.utils.Holder;
import org.apache.dubbo.rpc.Invocation;
import org.apache.dubbo.rpc.Invoker;
import org.apache.dubbo.rpc.Result;
import org.apache.dubbo.rpc.RpcInvocation;
import org.apache.dubbo.rpc.cluster.router.mesh.route.MeshAppRuleListener;
import org.apache.dubbo.rpc.cluster.router.mesh.route.StandardMeshRuleRouter;
import org.apache.dubbo.rpc.cluster.router.state.BitList;
import org.apache.dubbo.rpc.model.ApplicationModel;

/**
 * Runs rule texts in the mesh router of a real Dubbo. One JSON line in: {app, yaml, providers, calls}; one JSON line out:
 * {"results": [{"providers": [...]} | {"error": "<class>"}]}. Ends at the end of its input.
 */
public final class MeshOracle {
    public static void main(String[] args) throws IOException {
        // Dubbo logs to stdout: keep the answers apart.
        PrintStream out = System.out;
        System.setOut(System.err);
        // Nobody reads it.
        FailsafeLogger.setDisabled(true);
        ApplicationModel application = ApplicationModel.defaultModel();
        application.getApplicationConfigManager().setApplication(
                new org.apache.dubbo.config.ApplicationConfig("oracle"));
        out.println("{\"ready\":true}");
        out.flush();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JSONArray results = new JSONArray();
            Map<String, Situation> known = new HashMap<>();
            JSONObject request = JSON.parseObject(line);
            for (Object call : request.getJSONArray("calls")) {
                results.add(answer(request, (JSONObject) call, application, known));
            }
            JSONObject reply = new JSONObject();
            reply.put("results", results);
            out.println(reply);
            out.flush();
        }
        System.exit(0);
    }

    // Its source labels are the parameters of the consumer's own URL: calls of one consumer that see the same providers share a router.
    private static JSONObject answer(
            JSONObject request, JSONObject call, ApplicationModel application, Map<String, Situation> known) {
        JSONObject reply = new JSONObject();
        try {
            String service = call.getString("service");
            JSONArray only = call.getJSONArray("only");
            String key = service + call.getJSONObject("consumer") + only;
            Situation situation = known.get(key);
            if (situation == null) {
                situation = new Situation(request, call, application);
                known.put(key, situation);
            }
            List<Invoker<Object>> left = situation.router.route(
                    situation.all.clone(), situation.url, invocation(call, service), false, new Holder<>());
            JSONArray ids = new JSONArray();
            for (Invoker<Object> invoker : left) ids.add(((StubInvoker) invoker).id);
            reply.put("providers", ids);
        } catch (Throwable error) {
            reply.put("error", error.getClass().getName());
        }
        return reply;
    }

    private static final class Situation {
        final URL url;
        final BitList<Invoker<Object>> all;
        final StandardMeshRuleRouter<Object> router;

        Situation(JSONObject request, JSONObject call, ApplicationModel application) {
            String service = call.getString("service");
            JSONObject consumer = call.getJSONObject("consumer");
            Map<String, String> parameters = new HashMap<>();
            if (consumer.containsKey("application")) parameters.put("application", consumer.getString("application"));
            if (consumer.containsKey("host")) parameters.put("register.ip", consumer.getString("host"));
            if (consumer.containsKey("params")) {
                consumer.getJSONObject("params").forEach((key, value) -> parameters.put(key, String.valueOf(value)));
            }
            parameters.put("interface", service);
            url = new URL("consumer", "127.0.0.1", 0, service, parameters).setScopeModel(application.getDefaultModule());
            List<Invoker<Object>> invokers = new ArrayList<>();
            JSONArray only = call.getJSONArray("only");
            for (Object item : request.getJSONArray("providers")) {
                JSONObject provider = (JSONObject) item;
                if (only == null || only.contains(provider.getString("id"))) {
                    invokers.add(new StubInvoker(provider, request.getString("app"), service));
                }
            }
            all = new BitList<>(invokers);
            router = new StandardMeshRuleRouter<>(url);
            MeshAppRuleListener listener = new MeshAppRuleListener(request.getString("app"));
            listener.register(router);
            router.notify(all);
            try {
                listener.receiveConfigInfo(request.getString("yaml"));
            } catch (RuntimeException refused) {
                // The push of a text fails, and the router stays as it was.
            }
        }
    }

    private static Invocation invocation(JSONObject call, String service) {
        List<Class<?>> types = new ArrayList<>();
        for (Object type : call.getJSONArray("paramTypes")) types.add(CallValues.classOf((String) type));
        List<Object> values = new ArrayList<>();
        for (Object value : call.getJSONArray("args")) values.add(CallValues.valueOf((JSONObject) value));
        RpcInvocation invocation = new RpcInvocation(
                null, call.getString("method"), service, service, types.toArray(new Class<?>[0]), values.toArray());
        call.getJSONObject("attachments").forEach((key, value) -> invocation.setAttachment(key, String.valueOf(value)));
        return invocation;
    }

    private static final class StubInvoker implements Invoker<Object> {
        final String id;
        private final URL url;

        StubInvoker(JSONObject provider, String app, String service) {
            this.id = provider.getString("id");
            Map<String, String> parameters = new HashMap<>();
            provider.getJSONObject("params").forEach((key, value) -> parameters.put(key, String.valueOf(value)));
            parameters.put("remote.application", app);
            this.url = new URL("dubbo", provider.getString("host"), provider.getIntValue("port"), service, parameters);
        }

        @Override public Class<Object> getInterface() { return Object.class; }
        @Override public Result invoke(Invocation invocation) { throw new UnsupportedOperationException(); }
        @Override public URL getUrl() { return url; }
        @Override public boolean isAvailable() { return true; }
        @Override public void destroy() {}
    }
}
