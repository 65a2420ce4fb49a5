import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.TreeMap;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ReferenceConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;

/**
 * A stock consumer of the application `orders`: `REGISTRY`. Calls all the time, each call after the end of the one before.
 * Says `ready` after its first answer; a line on stdin makes it say `REPORT {..}` about the calls since the last one.
 */
public final class DubboConsumer {
    private static final Object LOCK = new Object();
    private static final TreeMap<String, Integer> from = new TreeMap<>();
    private static int failed = 0;
    private static String last = "";

    public static void main(String[] args) throws Exception {
        PrintStream out = System.out;
        System.setOut(System.err);
        ApplicationConfig application = new ApplicationConfig("shop");
        application.setQosEnable(false);
        ReferenceConfig<DubboProvider.Orders> reference = new ReferenceConfig<>();
        reference.setInterface(DubboProvider.Orders.class);
        reference.setGroup("blue");
        reference.setVersion("1.2.0");
        reference.setCheck(false);
        reference.setTimeout(5000);
        DubboBootstrap.getInstance().application(application).registry(new RegistryConfig(args[0]))
                .reference(reference).start();
        DubboProvider.Orders orders = reference.get();
        Thread calls = new Thread(() -> call(orders, out));
        calls.setDaemon(true);
        calls.start();
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
        while (commands.readLine() != null) report(out);
        Runtime.getRuntime().halt(0);
    }

    private static void call(DubboProvider.Orders orders, PrintStream out) {
        boolean isReady = false;
        while (true) {
            try {
                String answer = orders.order("a");
                synchronized (LOCK) {
                    from.merge(answer, 1, Integer::sum);
                }
                if (!isReady) out.println("ready");
                isReady = true;
            } catch (Exception error) {
                synchronized (LOCK) {
                    // Before the first provider is known nothing is lost.
                    if (isReady) failed += 1;
                    last = String.valueOf(error.getMessage());
                }
            }
            try {
                Thread.sleep(10);
            } catch (InterruptedException end) {
                return;
            }
        }
    }

    private static void report(PrintStream out) {
        synchronized (LOCK) {
            StringBuilder text = new StringBuilder("REPORT {\"failed\":" + failed + ",\"from\":{");
            from.forEach((answer, count) -> text.append('"').append(answer).append("\":").append(count).append(','));
            if (!from.isEmpty()) text.setLength(text.length() - 1);
            String why = last.replaceAll("[^ -~]", " ").replace('\\', '/').replace('"', '\'');
            out.println(text + "},\"last\":\"" + why.substring(0, Math.min(600, why.length())) + "\"}");
            out.flush();
            from.clear();
            failed = 0;
            last = "";
        }
    }
}
