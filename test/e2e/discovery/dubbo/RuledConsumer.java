import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ReferenceConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.rpc.RpcContext;

/**
 * A stock consumer of a real Dubbo: `HOST PORT`. Each line of stdin is a call: the argument, a tab, and the attachment `tag`
 * (empty: none). Says `ANSWER NUMBER ..` on stdout for each.
 */
public final class RuledConsumer {
    /** The service of DubboProvider, by its own name. */
    private static final String SERVICE = "DubboProvider$Orders";

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        System.setOut(System.err);
        ApplicationConfig application = new ApplicationConfig("shop");
        application.setQosEnable(false);
        ReferenceConfig<DubboProvider.Orders> reference = new ReferenceConfig<>();
        reference.setApplication(application);
        reference.setRegistry(new RegistryConfig("N/A"));
        reference.setInterface(DubboProvider.Orders.class);
        reference.setUrl("dubbo://" + args[0] + ":" + args[1] + "/" + SERVICE + "?group=blue&version=1.2.0");
        reference.setGroup("blue");
        reference.setVersion("1.2.0");
        reference.setRetries(0);
        reference.setTimeout(5000);
        DubboProvider.Orders orders = reference.get();
        BufferedReader calls = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        int number = 0;
        for (String line = calls.readLine(); line != null; line = calls.readLine()) {
            String[] cells = line.split("\t", -1);
            if (!cells[1].isEmpty()) RpcContext.getContext().setAttachment("tag", cells[1]);
            String answer;
            try {
                answer = orders.order(cells[0]);
            } catch (Exception failure) {
                answer = "failed: " + String.valueOf(failure.getMessage()).replaceAll("\\s+", " ");
            }
            out.println("ANSWER " + number + " " + answer.substring(0, Math.min(200, answer.length())));
            number++;
        }
        Runtime.getRuntime().halt(0);
    }
}
