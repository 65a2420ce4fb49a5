package dev.weir.dubbo;

import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import org.apache.dubbo.common.Parameters;
import org.apache.dubbo.common.URL;
import org.apache.dubbo.remoting.ChannelHandler;
import org.apache.dubbo.remoting.Constants;
import org.apache.dubbo.remoting.RemotingException;
import org.apache.dubbo.remoting.exchange.ExchangeClient;
import org.apache.dubbo.remoting.exchange.ExchangeHandler;

/**
 * A client whose connection can be replaced under load: the new one is made first, new calls go to it, and the old one is
 * closed when its last call is answered. Dubbo's own reconnect closes first, and so fails the calls in flight.
 */
final class RenewableClient implements ExchangeClient {
    /** Makes another connection to the same provider. */
    interface Connector {
        ExchangeClient connect() throws RemotingException;
    }

    private interface Call<T> {
        T on(ExchangeClient client) throws RemotingException;
    }

    private final Connector connector;
    private final RenewableClients clients;
    private final Object renewing = new Object();
    private volatile Connection current;
    private volatile boolean closed;

    RenewableClient(ExchangeClient first, Connector connector, RenewableClients clients) {
        this.current = new Connection(first);
        this.connector = connector;
        this.clients = clients;
    }

    /** The connection that new calls take. */
    Connection connection() {
        return current;
    }

    /**
     * Moves new calls to a new connection, unless that has happened since {@code seen} was current.
     *
     * @return the former connection, on which calls may still wait; null when there was nothing to do
     * @throws RemotingException when the provider cannot be reached; the old connection stays in use
     */
    Connection renew(Connection seen) throws RemotingException {
        synchronized (renewing) {
            Connection old = current;
            if (closed || old != seen) return null;
            Connection next = new Connection(connector.connect());
            // A client with check=false comes back unconnected: moving calls to it would lose them.
            if (!next.client.isConnected()) {
                next.client.close();
                throw new RemotingException(old.client, "no new connection to " + getUrl().getAddress());
            }
            // A provider on its way out said so on the old connection only.
            Object readonly = old.client.getAttribute(Constants.CHANNEL_ATTRIBUTE_READONLY_KEY);
            if (readonly != null) next.client.setAttribute(Constants.CHANNEL_ATTRIBUTE_READONLY_KEY, readonly);
            current = next;
            // Closed meanwhile by the application, which saw the old connection only.
            if (closed) next.client.close();
            return old;
        }
    }

    private Connection enter() {
        for (;;) {
            Connection seen = current;
            seen.enter();
            // Counted first and compared then: whoever replaces the connection sees this call or is seen by it.
            if (seen == current) return seen;
            seen.leave();
        }
    }

    private CompletableFuture<Object> request(Call<CompletableFuture<Object>> call) throws RemotingException {
        Connection used = enter();
        CompletableFuture<Object> answer;
        try {
            answer = call.on(used.client);
        } catch (RemotingException | RuntimeException | Error failed) {
            used.leave();
            throw failed;
        }
        answer.whenComplete((value, error) -> {
            used.leave();
            if (RenewalHint.takeFrom(value)) clients.renewSoon(this, used);
        });
        return answer;
    }

    @Override
    public CompletableFuture<Object> request(Object request) throws RemotingException {
        return request(client -> client.request(request));
    }

    @Override
    public CompletableFuture<Object> request(Object request, int timeout) throws RemotingException {
        return request(client -> client.request(request, timeout));
    }

    @Override
    public CompletableFuture<Object> request(Object request, ExecutorService executor) throws RemotingException {
        return request(client -> client.request(request, executor));
    }

    @Override
    public CompletableFuture<Object> request(Object request, int timeout, ExecutorService executor)
            throws RemotingException {
        return request(client -> client.request(request, timeout, executor));
    }

    @Override
    public void send(Object message) throws RemotingException {
        Connection used = enter();
        try {
            used.client.send(message);
        } finally {
            used.leave();
        }
    }

    @Override
    public void send(Object message, boolean sent) throws RemotingException {
        Connection used = enter();
        try {
            used.client.send(message, sent);
        } finally {
            used.leave();
        }
    }

    @Override
    public void close() {
        closed = true;
        clients.remove(this);
        current.client.close();
    }

    @Override
    public void close(int timeout) {
        closed = true;
        clients.remove(this);
        current.client.close(timeout);
    }

    @Override
    public boolean isClosed() {
        return closed || current.client.isClosed();
    }

    @Override
    public void startClose() {
        current.client.startClose();
    }

    @Override
    public void reconnect() throws RemotingException {
        current.client.reconnect();
    }

    @Override
    public void reset(URL url) {
        current.client.reset(url);
    }

    @Override
    @Deprecated
    public void reset(Parameters parameters) {
        current.client.reset(parameters);
    }

    @Override
    public boolean isConnected() {
        Connection seen = current;
        if (seen.client.isConnected()) {
            seen.noteUp();
            return true;
        }
        // Dubbo takes an invoker that says no out of use for a second, which is longer than a new connection takes.
        if (seen.wasUp() && !closed) clients.restore(this, seen);
        return seen.isRestoring();
    }

    @Override
    public URL getUrl() {
        return current.client.getUrl();
    }

    @Override
    public ChannelHandler getChannelHandler() {
        return current.client.getChannelHandler();
    }

    @Override
    public ExchangeHandler getExchangeHandler() {
        return current.client.getExchangeHandler();
    }

    @Override
    public InetSocketAddress getLocalAddress() {
        return current.client.getLocalAddress();
    }

    @Override
    public InetSocketAddress getRemoteAddress() {
        return current.client.getRemoteAddress();
    }

    @Override
    public boolean hasAttribute(String key) {
        return current.client.hasAttribute(key);
    }

    @Override
    public Object getAttribute(String key) {
        return current.client.getAttribute(key);
    }

    @Override
    public void setAttribute(String key, Object value) {
        current.client.setAttribute(key, value);
    }

    @Override
    public void removeAttribute(String key) {
        current.client.removeAttribute(key);
    }

    @Override
    public String toString() {
        return "RenewableClient " + getLocalAddress() + " -> " + getRemoteAddress();
    }
}
