package dev.weir.dubbo;

import org.apache.dubbo.common.URL;
import org.apache.dubbo.remoting.RemotingException;
import org.apache.dubbo.remoting.exchange.ExchangeClient;
import org.apache.dubbo.remoting.exchange.ExchangeHandler;
import org.apache.dubbo.remoting.exchange.ExchangeServer;
import org.apache.dubbo.remoting.exchange.Exchanger;

/**
 * Puts a {@link RenewableClient} in front of every client connection. Dubbo wraps an extension in each class that has a
 * constructor for it, so this needs no configuration: being on the class path is enough.
 */
public final class RenewingExchanger implements Exchanger {
    private final Exchanger inner;

    /** Called by Dubbo with the exchanger that the application uses. */
    public RenewingExchanger(Exchanger inner) {
        this.inner = inner;
    }

    @Override
    public ExchangeServer bind(URL url, ExchangeHandler handler) throws RemotingException {
        return inner.bind(url, handler);
    }

    @Override
    public ExchangeClient connect(URL url, ExchangeHandler handler) throws RemotingException {
        if (!RunningDubbo.isThree()) return inner.connect(url, handler);
        RenewableClients clients = RenewableClients.of(url.getOrDefaultFrameworkModel());
        // The first connection keeps the meaning of check=false and lazy: it may come back unconnected.
        RenewableClient client =
                new RenewableClient(inner.connect(url, handler), () -> inner.connect(url, handler), clients);
        clients.add(client);
        return client;
    }
}
