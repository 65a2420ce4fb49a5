package dev.weir.dubbo;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.dubbo.remoting.exchange.ExchangeClient;

/** One connection of a {@link RenewableClient}, and how many calls are on it. */
final class Connection {
    final ExchangeClient client;
    private final AtomicInteger calls = new AtomicInteger();
    private final AtomicBoolean hinted = new AtomicBoolean();
    private volatile long lastUseNanos = System.nanoTime();

    Connection(ExchangeClient client) {
        this.client = client;
    }

    void enter() {
        calls.incrementAndGet();
    }

    void leave() {
        lastUseNanos = System.nanoTime();
        calls.decrementAndGet();
    }

    /** Calls without an answer yet, those included that are about to be sent. */
    int pending() {
        return calls.get();
    }

    /** True for the first hint alone: every answer brings one until the calls have moved. */
    boolean hint() {
        return hinted.compareAndSet(false, true);
    }

    /** Lets the next hint count again: the renewal that the last one began has come to nothing. */
    void forgetHint() {
        hinted.set(false);
    }

    /** Whether nothing was sent or answered for so long. A one-way message may still be in netty's queue before that. */
    boolean isQuietFor(long nanos) {
        return calls.get() == 0 && System.nanoTime() - lastUseNanos >= nanos;
    }
}
