package dev.weir.dubbo;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.dubbo.common.logger.Logger;
import org.apache.dubbo.common.logger.LoggerFactory;
import org.apache.dubbo.common.utils.NamedThreadFactory;
import org.apache.dubbo.remoting.RemotingException;
import org.apache.dubbo.rpc.model.FrameworkModel;

/** The client connections of a Dubbo instance, and what replaces them. */
final class RenewableClients {
    private static final Logger LOG = LoggerFactory.getLogger(RenewableClients.class);
    /** At most so many connections are made at once. */
    private static final int PARALLEL = 16;
    private static final long POLL_MS = 20;
    /** An old connection without calls is kept for so long: what was just written is still in netty's queue. */
    private static final long QUIET_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    /** A renewal that failed is tried again after so long, until the deadline of the notice. */
    private static final long RETRY_MS = 250;
    /** How long a call may wait on an old connection after the sidecar's deadline; the sidecar has cut it long before. */
    private static final long GRACE_MS = 30_000;
    private static final long HINT_DEADLINE_MS = 15_000;
    /** For so long a connection that has ended may count as up while a new one is made. */
    private static final long RESTORE_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

    private final Set<RenewableClient> clients = ConcurrentHashMap.newKeySet();
    private final Set<Connection> retiring = ConcurrentHashMap.newKeySet();
    private final ThreadPoolExecutor workers;
    private final ScheduledThreadPoolExecutor timer;

    /** Made by Dubbo's bean factory, once for each framework model. */
    RenewableClients() {
        workers = new ThreadPoolExecutor(
                PARALLEL, PARALLEL, 5, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), threads("weir-renewal"));
        // No thread while nothing is renewed.
        workers.allowCoreThreadTimeOut(true);
        timer = new ScheduledThreadPoolExecutor(1, threads("weir-renewal-timer"));
        timer.setKeepAliveTime(5, TimeUnit.SECONDS);
        timer.allowCoreThreadTimeOut(true);
    }

    private static NamedThreadFactory threads(String name) {
        return new NamedThreadFactory(name, true);
    }

    /** The clients of a Dubbo instance. */
    static RenewableClients of(FrameworkModel framework) {
        return framework.getBeanFactory().getOrRegisterBean(RenewableClients.class, type -> new RenewableClients());
    }

    void add(RenewableClient client) {
        clients.add(client);
    }

    void remove(RenewableClient client) {
        clients.remove(client);
    }

    /** What a renewal of all connections came to. */
    static final class Outcome {
        final int moved;
        final int failed;
        /** Calls that still wait for their answers on old connections. */
        final int pending;

        Outcome(int moved, int failed, int pending) {
            this.moved = moved;
            this.failed = failed;
            this.pending = pending;
        }
    }

    /**
     * Renews every connection that is up, in parallel. Waits for {@code budgetMs} at most; what takes longer goes on, and
     * what failed is tried again until {@code deadlineMs}.
     */
    Outcome renewAll(long deadlineMs, long budgetMs) throws InterruptedException {
        long until = System.currentTimeMillis() + deadlineMs;
        List<RenewableClient> up = new ArrayList<>();
        // One that is down is Dubbo's own business: it reconnects by itself, and then through the new sidecar.
        for (RenewableClient client : clients) if (client.isConnected()) up.add(client);
        CountDownLatch done = new CountDownLatch(up.size());
        AtomicInteger moved = new AtomicInteger();
        for (RenewableClient client : up) {
            Connection seen = client.connection();
            workers.execute(() -> {
                try {
                    if (renew(client, seen, until)) moved.incrementAndGet();
                } finally {
                    done.countDown();
                }
            });
        }
        done.await(budgetMs, TimeUnit.MILLISECONDS);
        int pending = 0;
        for (Connection old : retiring) pending += old.pending();
        return new Outcome(moved.get(), up.size() - moved.get(), pending);
    }

    /** Renews the client that has this local address, if one has. */
    void renewSoon(InetSocketAddress local) {
        for (RenewableClient client : clients) {
            Connection seen = client.connection();
            if (local.equals(seen.client.getLocalAddress())) renewSoon(client, seen);
        }
    }

    /** Looks at the client that has this local address, if one has. */
    void look(InetSocketAddress local) {
        for (RenewableClient client : clients) {
            if (local.equals(client.getLocalAddress())) client.isConnected();
        }
    }

    /** A connection has ended that nobody here closed: makes a new one at once. Dubbo would wait for its next look. */
    void restore(RenewableClient client, Connection ended) {
        if (!ended.beginRestoring(RESTORE_NANOS)) return;
        workers.execute(() -> {
            try {
                Connection old = client.renew(ended);
                if (old != null) retire(client, old, System.currentTimeMillis());
            } catch (RemotingException | RuntimeException failed) {
                // The provider itself is gone: from here on Dubbo's own reconnecting has it.
                ended.endRestoring();
            }
        });
    }

    /** Renews in the background, unless another has done so since {@code seen} was current. */
    void renewSoon(RenewableClient client, Connection seen) {
        if (client.connection() != seen || !seen.hint()) return;
        long until = System.currentTimeMillis() + HINT_DEADLINE_MS;
        workers.execute(() -> renew(client, seen, until));
    }

    private boolean renew(RenewableClient client, Connection seen, long until) {
        try {
            Connection old = client.renew(seen);
            if (old != null) retire(client, old, until);
            return true;
        } catch (RemotingException | RuntimeException failed) {
            LOG.warn("weir: " + client + " was not renewed: " + failed.getMessage());
            if (System.currentTimeMillis() + RETRY_MS < until) {
                timer.schedule(() -> workers.execute(() -> renew(client, seen, until)), RETRY_MS, TimeUnit.MILLISECONDS);
            } else {
                seen.forgetHint();
            }
            return false;
        }
    }

    private void retire(RenewableClient client, Connection old, long until) {
        LOG.info("weir: calls moved from " + old.client.getLocalAddress() + " to " + client.getLocalAddress() + ", "
                + old.pending() + " wait for answers");
        retiring.add(old);
        closeWhenQuiet(old, until + GRACE_MS);
    }

    private void closeWhenQuiet(Connection old, long atLatest) {
        timer.schedule(
                () -> {
                    if (!old.isQuietFor(QUIET_NANOS) && System.currentTimeMillis() < atLatest) {
                        closeWhenQuiet(old, atLatest);
                        return;
                    }
                    retiring.remove(old);
                    old.client.close();
                },
                POLL_MS,
                TimeUnit.MILLISECONDS);
    }
}
