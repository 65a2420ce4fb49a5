import java.util.List;
import java.util.Map;
import org.apache.dubbo.common.URL;
import org.apache.dubbo.common.config.configcenter.ConfigChangedEvent;
import org.apache.dubbo.common.logger.support.FailsafeLogger;
import org.apache.dubbo.common.utils.Holder;
import org.apache.dubbo.rpc.Invocation;
import org.apache.dubbo.rpc.Invoker;
import org.apache.dubbo.rpc.cluster.router.condition.ConditionStateRouter;
import org.apache.dubbo.rpc.cluster.router.condition.config.ServiceStateRouter;
import org.apache.dubbo.rpc.cluster.router.script.ScriptStateRouter;
import org.apache.dubbo.rpc.cluster.router.state.BitList;
import org.apache.dubbo.rpc.cluster.router.state.StateRouter;
import org.apache.dubbo.rpc.cluster.router.tag.TagStateRouter;
import org.apache.dubbo.rpc.model.ApplicationModel;

/** The condition, tag and script routers of Dubbo 3.2 and 3.3. */
public final class Routers3 implements RouterOracle.Routers {
    static {
        // It asks for the address of this host for every line, also of one that is not written; without a network that fails.
        FailsafeLogger.setDisabled(true);
    }

    private final ApplicationModel application = ApplicationModel.defaultModel();

    public Routers3() {
        application.getApplicationConfigManager().setApplication(
                new org.apache.dubbo.config.ApplicationConfig("oracle"));
    }

    @Override
    public URL consumer(String host, String service, Map<String, String> parameters) {
        return new URL("consumer", host, 0, service, parameters).setScopeModel(application.getDefaultModule());
    }

    @Override
    public RouterOracle.Loaded load(String kind, String rule, URL consumer, List<Invoker<Object>> invokers) {
        BitList<Invoker<Object>> all = new BitList<>(invokers);
        StateRouter<Object> router = router(kind, rule, consumer, all);
        return (present, url, invocation) -> router == null
                ? present
                : router.route(all.clone(), url, invocation, false, new Holder<>());
    }

    private StateRouter<Object> router(String kind, String rule, URL consumer, BitList<Invoker<Object>> invokers) {
        ConfigChangedEvent event = new ConfigChangedEvent("rule", "dubbo", rule);
        if (kind.equals("tag")) {
            TagStateRouter<Object> router = new TagStateRouter<>(consumer);
            router.notify(invokers);
            router.process(event);
            return router;
        }
        if (kind.equals("condition-yaml")) {
            ServiceStateRouter<Object> router = new ServiceStateRouter<>(consumer);
            router.process(event);
            return router;
        }
        if (kind.equals("javascript")) {
            URL url = new URL("script", "0.0.0.0", 0)
                    .addParameter("type", "javascript")
                    .addParameterAndEncoded("rule", rule)
                    .setScopeModel(application.getDefaultModule());
            return new ScriptStateRouter<>(url);
        }
        try {
            URL url = URL.valueOf(rule).setScopeModel(application.getDefaultModule());
            return new ConditionStateRouter<>(url);
        } catch (RuntimeException refused) {
            // What the directory does with a URL that makes no router: it logs and goes on without.
            return null;
        }
    }
}
