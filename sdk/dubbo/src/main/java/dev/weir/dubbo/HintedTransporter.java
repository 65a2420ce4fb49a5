package dev.weir.dubbo;

import org.apache.dubbo.common.URL;
import org.apache.dubbo.remoting.Channel;
import org.apache.dubbo.remoting.ChannelHandler;
import org.apache.dubbo.remoting.Client;
import org.apache.dubbo.remoting.RemotingException;
import org.apache.dubbo.remoting.RemotingServer;
import org.apache.dubbo.remoting.Transporter;
import org.apache.dubbo.remoting.transport.AbstractChannelHandlerDelegate;

/** Listens on client connections for the event of a provider whose sidecar is being replaced, and for their end. */
public final class HintedTransporter implements Transporter {
    private final Transporter inner;

    /** Called by Dubbo with the transporter that the application uses. */
    public HintedTransporter(Transporter inner) {
        this.inner = inner;
    }

    @Override
    public RemotingServer bind(URL url, ChannelHandler handler) throws RemotingException {
        return inner.bind(url, handler);
    }

    @Override
    public Client connect(URL url, ChannelHandler handler) throws RemotingException {
        if (!RunningDubbo.isThree()) return inner.connect(url, handler);
        return inner.connect(url, new Listener(handler, RenewableClients.of(url.getOrDefaultFrameworkModel())));
    }

    /** Dubbo looks for its own handler below a delegate, so this one does not hide it. */
    private static final class Listener extends AbstractChannelHandlerDelegate {
        private final RenewableClients clients;

        Listener(ChannelHandler handler, RenewableClients clients) {
            super(handler);
            this.clients = clients;
        }

        @Override
        public void disconnected(Channel channel) throws RemotingException {
            try {
                clients.look(channel.getLocalAddress());
            } finally {
                super.disconnected(channel);
            }
        }

        @Override
        public void received(Channel channel, Object message) throws RemotingException {
            if (RenewalHint.isEvent(message)) clients.renewSoon(channel.getLocalAddress());
            else super.received(channel, message);
        }
    }
}
