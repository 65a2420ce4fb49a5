import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ProtocolConfig;
import org.apache.dubbo.config.ReferenceConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.ServiceConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;

/**
 * A provider or a consumer of a real Dubbo. `provider PORT QOS`; `consumer URLS QOS RATE CALL_MS`. Says `ready` on stdout;
 * a consumer begins its load at a line on stdin. The next line ends it and prints a line of JSON: what the consumer saw,
 * or which calls the provider executed. The end of stdin ends the process.
 */
public final class DubboPeer {
    /** The service of the tests. */
    public interface Echo {
        String echo(String id, int sleepMs);
    }

    private static final int THREADS = 64;
    private static final int TIMEOUT_MS = 10_000;
    private static final Map<String, AtomicInteger> EXECUTED = new ConcurrentHashMap<>();

    public static void main(String[] args) throws Exception {
        // Dubbo logs to stdout: keep the answers apart.
        PrintStream out = System.out;
        System.setOut(System.err);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        ApplicationConfig application = new ApplicationConfig("peer-" + args[0]);
        application.setQosEnable(true);
        application.setQosPort(Integer.parseInt(args[2]));
        application.setQosHost("127.0.0.1");
        DubboBootstrap bootstrap = DubboBootstrap.getInstance().application(application)
                .registry(new RegistryConfig("N/A"));
        if (args[0].equals("provider")) provide(bootstrap, Integer.parseInt(args[1]), in, out);
        else consume(bootstrap, args, in, out);
        Runtime.getRuntime().halt(0);
    }

    private static void provide(DubboBootstrap bootstrap, int port, BufferedReader in, PrintStream out) throws Exception {
        ProtocolConfig protocol = new ProtocolConfig("dubbo", port);
        ServiceConfig<Echo> service = new ServiceConfig<>();
        service.setInterface(Echo.class);
        service.setRef((id, sleepMs) -> {
            EXECUTED.computeIfAbsent(id, key -> new AtomicInteger()).incrementAndGet();
            sleep(sleepMs);
            return id;
        });
        bootstrap.protocol(protocol).service(service).start();
        say(out, "ready");
        while (in.readLine() != null) {
            long twice = EXECUTED.values().stream().filter(count -> count.get() > 1).count();
            say(out, "{\"executed\":" + EXECUTED.size() + ",\"twice\":" + twice + "}");
        }
    }

    private static void consume(DubboBootstrap bootstrap, String[] args, BufferedReader in, PrintStream out)
            throws Exception {
        ReferenceConfig<Echo> reference = new ReferenceConfig<>();
        reference.setInterface(Echo.class);
        reference.setUrl(args[1]);
        // A lost call has to show: no second try. A busy machine shall not make one of a call that is late.
        reference.setRetries(0);
        reference.setTimeout(TIMEOUT_MS);
        bootstrap.reference(reference).start();
        Echo echo = reference.get();
        for (int warm = 0; warm < 200; warm++) echo.echo("warm" + warm, 0);
        say(out, "ready");
        in.readLine();
        long gapNanos = 1_000_000_000L / Integer.parseInt(args[3]);
        int sleepMs = Integer.parseInt(args[4]);
        AtomicInteger next = new AtomicInteger();
        AtomicInteger calls = new AtomicInteger();
        AtomicInteger failed = new AtomicInteger();
        AtomicLong slowestMs = new AtomicLong();
        AtomicBoolean stop = new AtomicBoolean();
        Map<String, AtomicInteger> errors = new ConcurrentHashMap<>();
        long start = System.nanoTime();
        List<Thread> threads = new ArrayList<>();
        // Calls are due at fixed times, whatever the ones before do, until all threads wait for an answer.
        for (int index = 0; index < THREADS; index++) {
            Thread thread = new Thread(() -> {
                for (int n = next.getAndIncrement(); sleepUntil(start + n * gapNanos, stop); n = next.getAndIncrement()) {
                    long began = System.nanoTime();
                    calls.incrementAndGet();
                    try {
                        if (!echo.echo("c" + n, sleepMs).equals("c" + n)) throw new IllegalStateException("wrong answer");
                    } catch (Throwable error) {
                        failed.incrementAndGet();
                        errors.computeIfAbsent(reason(error), key -> new AtomicInteger()).incrementAndGet();
                    }
                    slowestMs.accumulateAndGet((System.nanoTime() - began) / 1_000_000, Math::max);
                }
            });
            threads.add(thread);
            thread.start();
        }
        in.readLine();
        stop.set(true);
        for (Thread thread : threads) thread.join();
        StringBuilder reasons = new StringBuilder();
        new TreeMap<>(errors).forEach((reason, count) -> reasons.append(reasons.length() == 0 ? "" : ",")
                .append('"').append(reason).append("\":").append(count));
        say(out, "{\"calls\":" + calls + ",\"failed\":" + failed + ",\"slowestMs\":" + slowestMs + ",\"errors\":{" + reasons
                + "}}");
        in.readLine();
    }

    /** False when the load has ended. */
    private static boolean sleepUntil(long due, AtomicBoolean stop) {
        for (long left = due - System.nanoTime(); left > 0 && !stop.get(); left = due - System.nanoTime()) {
            sleep((int) Math.min(50, left / 1_000_000 + 1));
        }
        return !stop.get();
    }

    private static String reason(Throwable error) {
        String text = String.valueOf(error.getMessage());
        if (text.contains("No provider available")) return "no provider available";
        // The words after the cause are the reason; what is before them and the URLs are different in each call.
        int at = text.lastIndexOf("cause: ");
        String words = text.substring(at < 0 ? 0 : at + 7).replaceAll("[a-z]+://\\S+", "").replaceAll("[0-9:.]*[0-9]", "")
                .replaceAll("[^A-Za-z .]", " ").replaceAll(" +", " ");
        return error.getClass().getSimpleName() + " " + words.substring(0, Math.min(160, words.length())).trim();
    }

    private static void say(PrintStream out, String line) {
        out.println(line);
        out.flush();
    }

    private static void sleep(int sleepMs) {
        try {
            Thread.sleep(sleepMs);
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }
}
