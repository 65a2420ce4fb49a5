package dev.weir.dubbo;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.dubbo.remoting.exchange.ExchangeClient;

/** One connection of a {@link RenewableClient}, and how many calls are on it. */
final class Connection {
    final ExchangeClient client;
    private final AtomicInteger calls = new AtomicInteger();
    private final AtomicBoolean hinted = new AtomicBoolean();
    private volatile boolean wasUp;
    private volatile long restoringUntilNanos;
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

    void noteUp() {
        if (!wasUp) wasUp = true;
    }

    /** Whether it was ever seen connected: with check=false it may begin otherwise. */
    boolean wasUp() {
        return wasUp;
    }

    /** Says that it has ended and a new one is being made; false when that was said before. */
    synchronized boolean beginRestoring(long nanos) {
        if (restoringUntilNanos != 0) return false;
        restoringUntilNanos = System.nanoTime() + nanos;
        return true;
    }

    /** The first try of a new one has failed, or the time for it is over. */
    void endRestoring() {
        restoringUntilNanos = System.nanoTime();
    }

    /** Whether calls may go on as if it were up: they make the connection themselves if they are first. */
    boolean isRestoring() {
        long until = restoringUntilNanos;
        return until != 0 && until - System.nanoTime() > 0;
    }

    /** Whether nothing was sent or answered for so long. A one-way message may still be in netty's queue before that. */
    boolean isQuietFor(long nanos) {
        return calls.get() == 0 && System.nanoTime() - lastUseNanos >= nanos;
    }
}
