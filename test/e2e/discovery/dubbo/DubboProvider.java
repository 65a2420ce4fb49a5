import java.io.PrintStream;
import java.util.Map;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ProtocolConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.ServiceConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;

/**
 * A provider of a real Dubbo: `REGISTRY HOST PORT REGISTER_MODE METADATA_TYPE`, where REGISTRY is `zookeeper://..` or `N/A`.
 * The protocol is dubbo, or that of -Dorders.protocol.
 * Says `ready` on stdout; the end of stdin ends it in order.
 */
public final class DubboProvider {
    /** A service of the tests. */
    public interface Orders {
        String order(String id);
    }

    public static void main(String[] args) throws Exception {
        // Dubbo logs to stdout: keep the answers apart.
        PrintStream out = System.out;
        System.setOut(System.err);
        ApplicationConfig application = new ApplicationConfig("orders");
        application.setQosEnable(false);
        application.setRegisterMode(args[3]);
        application.setMetadataType(args[4]);
        ProtocolConfig protocol = new ProtocolConfig(System.getProperty("orders.protocol", "dubbo"), Integer.parseInt(args[2]));
        protocol.setHost(args[1]);
        ServiceConfig<Orders> service = new ServiceConfig<>();
        service.setInterface(Orders.class);
        service.setGroup("blue");
        service.setVersion("1.2.0");
        service.setParameters(Map.of("zone", "east", "weight", "40"));
        service.setRef(id -> id + " from " + args[2]);
        DubboBootstrap bootstrap = DubboBootstrap.getInstance().application(application)
                .registry(new RegistryConfig(args[0])).protocol(protocol).service(service);
        bootstrap.start();
        out.println("ready");
        out.flush();
        while (System.in.read() != -1) continue;
        bootstrap.stop();
        Runtime.getRuntime().halt(0);
    }
}
