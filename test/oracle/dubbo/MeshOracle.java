import com.alibaba.fastjson2.JSON;
import com.alibaba.fastjson2.JSONArray;
import com.alibaba.fastjson2.JSONObject;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.dubbo.common.URL;
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
    private static final Map<String, Class<?>> CLASSES = new HashMap<>();
    private static final Beans BEANS = new Beans();

    public static void main(String[] args) throws IOException {
        // Dubbo logs to stdout: keep the answers apart.
        PrintStream out = System.out;
        System.setOut(System.err);
        ApplicationModel application = ApplicationModel.defaultModel();
        application.getApplicationConfigManager().setApplication(
                new org.apache.dubbo.config.ApplicationConfig("oracle"));
        out.println("{\"ready\":true}");
        out.flush();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JSONArray results = new JSONArray();
            JSONObject request = JSON.parseObject(line);
            for (Object call : request.getJSONArray("calls")) {
                results.add(answer(request, (JSONObject) call, application));
            }
            JSONObject reply = new JSONObject();
            reply.put("results", results);
            out.println(reply);
            out.flush();
        }
        System.exit(0);
    }

    // A router for each call: its source labels are the parameters of the consumer's own URL.
    private static JSONObject answer(JSONObject request, JSONObject call, ApplicationModel application) {
        JSONObject reply = new JSONObject();
        try {
            String service = call.getString("service");
            JSONObject consumer = call.getJSONObject("consumer");
            Map<String, String> parameters = new HashMap<>();
            if (consumer.containsKey("application")) parameters.put("application", consumer.getString("application"));
            if (consumer.containsKey("host")) parameters.put("register.ip", consumer.getString("host"));
            if (consumer.containsKey("params")) {
                consumer.getJSONObject("params").forEach((key, value) -> parameters.put(key, String.valueOf(value)));
            }
            parameters.put("interface", service);
            URL url = new URL("consumer", "127.0.0.1", 0, service, parameters)
                    .setScopeModel(application.getDefaultModule());
            List<Invoker<Object>> invokers = new ArrayList<>();
            JSONArray only = call.getJSONArray("only");
            for (Object item : request.getJSONArray("providers")) {
                JSONObject provider = (JSONObject) item;
                if (only == null || only.contains(provider.getString("id"))) {
                    invokers.add(new StubInvoker(provider, request.getString("app"), service));
                }
            }
            BitList<Invoker<Object>> all = new BitList<>(invokers);
            StandardMeshRuleRouter<Object> router = new StandardMeshRuleRouter<>(url);
            MeshAppRuleListener listener = new MeshAppRuleListener(request.getString("app"));
            listener.register(router);
            router.notify(all);
            listener.receiveConfigInfo(request.getString("yaml"));
            BitList<Invoker<Object>> left = router.route(all.clone(), url, invocation(call, service), false, new Holder<>());
            JSONArray ids = new JSONArray();
            for (Invoker<Object> invoker : left) ids.add(((StubInvoker) invoker).id);
            reply.put("providers", ids);
        } catch (Throwable error) {
            reply.put("error", error.getClass().getName());
        }
        return reply;
    }

    private static Invocation invocation(JSONObject call, String service) {
        List<Class<?>> types = new ArrayList<>();
        for (Object type : call.getJSONArray("paramTypes")) types.add(classOf((String) type));
        List<Object> values = new ArrayList<>();
        for (Object value : call.getJSONArray("args")) values.add(valueOf((JSONObject) value));
        RpcInvocation invocation = new RpcInvocation(
                null, call.getString("method"), service, service, types.toArray(new Class<?>[0]), values.toArray());
        call.getJSONObject("attachments").forEach((key, value) -> invocation.setAttachment(key, String.valueOf(value)));
        return invocation;
    }

    private static Object valueOf(JSONObject typed) {
        String type = typed.getString("t");
        if (type.equals("null")) return null;
        Object raw = typed.get("v");
        String text = String.valueOf(raw);
        switch (type) {
            case "java.lang.String": return text;
            case "java.lang.Integer": return Integer.valueOf(text);
            case "java.lang.Long": return Long.valueOf(text);
            case "java.lang.Short": return Short.valueOf(text);
            case "java.lang.Byte": return Byte.valueOf(text);
            case "java.lang.Double": return Double.valueOf(text);
            case "java.lang.Float": return Float.valueOf(text);
            case "java.lang.Boolean": return Boolean.valueOf(text);
            case "java.lang.Character": return text.charAt(0);
            case "java.math.BigDecimal": return new BigDecimal(text);
            case "java.math.BigInteger": return new BigInteger(text);
            default: break;
        }
        if (raw instanceof JSONArray) {
            List<Object> list = new ArrayList<>();
            for (Object item : (JSONArray) raw) list.add(valueOf((JSONObject) item));
            return list;
        }
        if (type.startsWith("java.util.")) return new LinkedHashMap<>();
        return new Object();
    }

    private static Class<?> classOf(String name) {
        return CLASSES.computeIfAbsent(name, key -> {
            switch (key) {
                case "int": return int.class;
                case "long": return long.class;
                case "short": return short.class;
                case "byte": return byte.class;
                case "char": return char.class;
                case "boolean": return boolean.class;
                case "float": return float.class;
                case "double": return double.class;
                default: break;
            }
            if (key.startsWith("[L") && key.endsWith(";")) {
                return java.lang.reflect.Array.newInstance(classOf(key.substring(2, key.length() - 1)), 0).getClass();
            }
            try {
                return Class.forName(key);
            } catch (ClassNotFoundException absent) {
                return BEANS.define(key);
            }
        });
    }

    /** Makes an empty class of any name, for types that only the estate knows. */
    private static final class Beans extends ClassLoader {
        Class<?> define(String name) {
            try {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                DataOutputStream out = new DataOutputStream(bytes);
                out.writeInt(0xCAFEBABE);
                out.writeInt(52);
                out.writeShort(5);
                out.writeByte(7);
                out.writeShort(2);
                out.writeByte(1);
                out.writeUTF(name.replace('.', '/'));
                out.writeByte(7);
                out.writeShort(4);
                out.writeByte(1);
                out.writeUTF("java/lang/Object");
                out.writeShort(0x21);
                out.writeShort(1);
                out.writeShort(3);
                for (int part = 0; part < 4; part++) out.writeShort(0);
                byte[] code = bytes.toByteArray();
                return defineClass(name, code, 0, code.length);
            } catch (IOException impossible) {
                throw new IllegalStateException(impossible);
            }
        }
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
