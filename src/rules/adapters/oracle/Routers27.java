import java.util.List;
import java.util.Map;
import org.apache.dubbo.common.URL;
import org.apache.dubbo.common.config.configcenter.ConfigChangedEvent;
import org.apache.dubbo.rpc.Invocation;
import org.apache.dubbo.rpc.Invoker;
import org.apache.dubbo.rpc.cluster.Router;
import org.apache.dubbo.rpc.cluster.router.condition.ConditionRouter;
import org.apache.dubbo.rpc.cluster.router.condition.config.ServiceRouter;
import org.apache.dubbo.rpc.cluster.router.tag.TagRouter;

/** The condition and tag routers of Dubbo 2.7. */
public final class Routers27 implements RouterOracle.Routers {
    @Override
    public URL consumer(String host, String service, Map<String, String> parameters) {
        return new URL("consumer", host, 0, service, parameters);
    }

    @Override
    public RouterOracle.Loaded load(String kind, String rule, URL consumer, List<Invoker<Object>> invokers) {
        Router router = router(kind, rule, consumer, invokers);
        return (present, url, invocation) -> router == null ? present : router.route(present, url, invocation);
    }

    private Router router(String kind, String rule, URL consumer, List<Invoker<Object>> invokers) {
        ConfigChangedEvent event = new ConfigChangedEvent("rule", "dubbo", rule);
        if (kind.equals("tag")) {
            TagRouter router = new TagRouter(consumer);
            router.notify(invokers);
            router.process(event);
            return router;
        }
        if (kind.equals("condition-yaml")) {
            ServiceRouter router = new ServiceRouter(consumer);
            router.process(event);
            return router;
        }
        try {
            return new ConditionRouter(URL.valueOf(rule));
        } catch (RuntimeException refused) {
            // What the directory does with a URL that makes no router: it logs and goes on without.
            return null;
        }
    }
}
