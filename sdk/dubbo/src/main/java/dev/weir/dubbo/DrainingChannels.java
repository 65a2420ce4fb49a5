package dev.weir.dubbo;

import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.dubbo.common.logger.Logger;
import org.apache.dubbo.common.logger.LoggerFactory;
import org.apache.dubbo.remoting.Channel;
import org.apache.dubbo.remoting.RemotingException;
import org.apache.dubbo.rpc.ProtocolServer;
import org.apache.dubbo.rpc.model.FrameworkModel;
import org.apache.dubbo.rpc.protocol.dubbo.DubboProtocol;

/**
 * The connections to a provider that were open when its sidecar began to be replaced. Their consumers are asked to make
 * new ones. Nothing is unregistered and nothing closed: when the deadline has passed, everything is as before.
 */
final class DrainingChannels {
    private static final Logger LOG = LoggerFactory.getLogger(DrainingChannels.class);

    private final FrameworkModel framework;
    private final Map<InetSocketAddress, Long> untilMs = new ConcurrentHashMap<>();

    private DrainingChannels(FrameworkModel framework) {
        this.framework = framework;
    }

    /** The connections to the providers of a Dubbo instance. */
    static DrainingChannels of(FrameworkModel framework) {
        return framework.getBeanFactory()
                .getOrRegisterBean(DrainingChannels.class, type -> new DrainingChannels(framework));
    }

    /** Marks and tells every connection that is open now; returns how many. */
    int drain(long deadlineMs) {
        long now = System.currentTimeMillis();
        untilMs.values().removeIf(until -> until < now);
        int told = 0;
        for (ProtocolServer server : DubboProtocol.getDubboProtocol(framework).getServers()) {
            for (Channel channel : server.getRemotingServer().getChannels()) {
                if (!channel.isConnected()) continue;
                untilMs.put(channel.getRemoteAddress(), now + deadlineMs);
                tell(channel);
                told += 1;
            }
        }
        return told;
    }

    private static void tell(Channel channel) {
        try {
            channel.send(RenewalHint.event(), false);
        } catch (RemotingException | RuntimeException gone) {
            LOG.info("weir: " + channel + " was not told: " + gone.getMessage());
        }
    }

    /** Whether calls from this address come over a connection that is to be left. */
    boolean has(InetSocketAddress remote) {
        if (untilMs.isEmpty() || remote == null) return false;
        Long until = untilMs.get(remote);
        if (until == null) return false;
        if (until >= System.currentTimeMillis()) return true;
        untilMs.remove(remote);
        return false;
    }
}
