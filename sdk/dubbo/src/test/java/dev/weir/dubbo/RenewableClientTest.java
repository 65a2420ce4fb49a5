package dev.weir.dubbo;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.dubbo.common.URL;
import org.apache.dubbo.remoting.Constants;
import org.apache.dubbo.remoting.RemotingException;
import org.apache.dubbo.remoting.exchange.ExchangeClient;
import org.apache.dubbo.rpc.AppResponse;
import org.junit.Test;

public class RenewableClientTest {
    private final RenewableClients clients = new RenewableClients();
    private final List<FakeConnection> made = new ArrayList<>();
    private volatile boolean refusing;
    private volatile boolean unconnected;
    private volatile boolean echoing;
    private final RenewableClient client = new RenewableClient(connect(), this::make, clients);

    public RenewableClientTest() {
        clients.add(client);
    }

    @Test
    public void newCallsTakeTheNewConnectionAndTheOldOneIsClosedWhenItsLastCallIsAnswered() throws Exception {
        CompletableFuture<Object> waiting = client.request("slow");
        RenewableClients.Outcome outcome = clients.renewAll(5_000, 1_000);
        assertEquals(1, outcome.moved);
        assertEquals(0, outcome.failed);
        assertEquals(1, outcome.pending);
        client.request("next");
        assertEquals(1, made.get(0).calls.size());
        assertEquals(1, made.get(1).calls.size());
        Thread.sleep(300);
        assertFalse("closed under a call", made.get(0).closed.get());
        made.get(0).answerAll(new AppResponse("done"));
        assertTrue(waiting.isDone());
        made.get(0).awaitClosed();
        assertFalse(made.get(1).closed.get());
    }

    @Test
    public void noCallIsEverSentOnAConnectionThatIsClosed() throws Exception {
        made.get(0).isEcho = true;
        echoing = true;
        AtomicBoolean stop = new AtomicBoolean();
        AtomicInteger late = new AtomicInteger();
        List<Thread> callers = new ArrayList<>();
        for (int n = 0; n < 4; n++) {
            Thread caller = new Thread(() -> {
                while (!stop.get()) {
                    try {
                        client.request("call").get();
                    } catch (Exception failed) {
                        late.incrementAndGet();
                    }
                }
            });
            caller.start();
            callers.add(caller);
        }
        for (int n = 0; n < 20; n++) {
            clients.renewAll(1_000, 1_000);
            Thread.sleep(20);
        }
        Thread.sleep(300);
        stop.set(true);
        for (Thread caller : callers) caller.join();
        assertEquals(0, late.get());
        assertEquals(21, made.size());
        for (FakeConnection old : made.subList(0, 20)) old.awaitClosed();
    }

    @Test
    public void theOldConnectionStaysInUseWhenNoNewOneCanBeMade() throws Exception {
        refusing = true;
        RenewableClients.Outcome outcome = clients.renewAll(0, 1_000);
        assertEquals(0, outcome.moved);
        assertEquals(1, outcome.failed);
        client.request("call");
        assertEquals(1, made.get(0).calls.size());
        assertFalse(made.get(0).closed.get());
    }

    @Test
    public void aConnectionThatComesBackUnconnectedIsNotTaken() {
        Connection before = client.connection();
        unconnected = true;
        assertThrows(RemotingException.class, () -> client.renew(before));
        assertSame(before, client.connection());
        assertTrue(made.get(1).closed.get());
    }

    @Test
    public void aFailedRenewalIsTriedAgainUntilTheDeadline() throws Exception {
        refusing = true;
        clients.renewAll(5_000, 1_000);
        refusing = false;
        made.get(0).awaitClosed();
        assertEquals(2, made.size());
    }

    @Test
    public void twoSignalsForOneConnectionMakeOneNewConnection() throws Exception {
        Connection before = client.connection();
        assertSame(before, client.renew(before));
        assertNull(client.renew(before));
        assertEquals(2, made.size());
    }

    @Test
    public void theHintOfAnAnswerIsTakenOutAndRenewsTheConnection() throws Exception {
        CompletableFuture<Object> call = client.request("call");
        AppResponse answer = new AppResponse("done");
        RenewalHint.addTo(answer);
        made.get(0).answerAll(answer);
        assertTrue(((AppResponse) call.get()).getAttachments().isEmpty());
        made.get(0).awaitClosed();
        assertEquals(2, made.size());
    }

    @Test
    public void aProviderThatIsGoingAwayIsStillOneOnTheNewConnection() throws Exception {
        client.setAttribute(Constants.CHANNEL_ATTRIBUTE_READONLY_KEY, Boolean.TRUE);
        client.renew(client.connection());
        assertTrue(client.hasAttribute(Constants.CHANNEL_ATTRIBUTE_READONLY_KEY));
    }

    @Test
    public void aClosedClientIsNotRenewed() throws Exception {
        client.close();
        assertNull(client.renew(client.connection()));
        assertEquals(0, clients.renewAll(1_000, 1_000).moved);
        assertEquals(1, made.size());
    }

    @Test
    public void aConnectionThatEndsCountsAsUpWhileANewOneIsMadeAtOnce() throws Exception {
        Connection before = client.connection();
        assertTrue(client.isConnected());
        made.get(0).isDown = true;
        assertTrue("out of use for a second", client.isConnected());
        made.get(0).awaitClosed();
        assertTrue(before != client.connection());
        assertTrue(client.isConnected());
        assertEquals(2, made.size());
    }

    @Test
    public void aProviderThatIsGoneIsDownAfterTheFirstTry() throws Exception {
        assertTrue(client.isConnected());
        refusing = true;
        made.get(0).isDown = true;
        long began = System.nanoTime();
        while (client.isConnected()) Thread.sleep(1);
        assertTrue(System.nanoTime() - began < TimeUnit.MILLISECONDS.toNanos(290));
        Thread.sleep(350);
        refusing = false;
        assertFalse("left to Dubbo", client.isConnected());
        assertEquals(1, made.size());
    }

    @Test
    public void aConnectionThatNeverCameUpIsLeftToDubbo() throws Exception {
        made.get(0).isDown = true;
        assertFalse(client.isConnected());
        Thread.sleep(50);
        assertEquals(1, made.size());
    }

    private ExchangeClient make() throws RemotingException {
        if (refusing) throw new RemotingException((InetSocketAddress) null, null, "refused");
        return connect();
    }

    private ExchangeClient connect() {
        FakeConnection fake = new FakeConnection(!unconnected);
        fake.isEcho = echoing;
        made.add(fake);
        return fake.client;
    }

    /** A connection that keeps its calls until they are answered, and fails those that come after its end. */
    private static final class FakeConnection {
        final Queue<CompletableFuture<Object>> calls = new ConcurrentLinkedQueue<>();
        final AtomicBoolean closed = new AtomicBoolean();
        private final CountDownLatch ended = new CountDownLatch(1);
        private final Map<String, Object> attributes = new ConcurrentHashMap<>();
        volatile boolean isEcho;
        volatile boolean isDown;
        final ExchangeClient client;

        FakeConnection(boolean connected) {
            client = (ExchangeClient) Proxy.newProxyInstance(
                    getClass().getClassLoader(), new Class<?>[] {ExchangeClient.class}, (self, method, args) -> {
                        switch (method.getName()) {
                            case "request":
                                return call();
                            case "close":
                                closed.set(true);
                                ended.countDown();
                                return null;
                            case "isConnected":
                                return connected && !isDown && !closed.get();
                            case "isClosed":
                                return closed.get();
                            case "getUrl":
                                return URL.valueOf("dubbo://192.0.2.1:20880/service");
                            case "getAttribute":
                                return attributes.get(args[0]);
                            case "hasAttribute":
                                return attributes.containsKey(args[0]);
                            case "setAttribute":
                                return attributes.put((String) args[0], args[1]);
                            default:
                                return null;
                        }
                    });
        }

        private CompletableFuture<Object> call() throws RemotingException {
            if (closed.get()) throw new RemotingException((InetSocketAddress) null, null, "closed");
            CompletableFuture<Object> answer = new CompletableFuture<>();
            if (isEcho) answer.complete(new AppResponse("done"));
            else calls.add(answer);
            return answer;
        }

        void answerAll(AppResponse answer) {
            for (CompletableFuture<Object> call : calls) call.complete(answer);
        }

        void awaitClosed() throws InterruptedException {
            assertTrue("not closed", ended.await(5, TimeUnit.SECONDS));
        }
    }
}
