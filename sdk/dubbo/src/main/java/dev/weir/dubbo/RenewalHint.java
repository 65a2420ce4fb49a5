package dev.weir.dubbo;

import org.apache.dubbo.common.Version;
import org.apache.dubbo.remoting.exchange.Request;
import org.apache.dubbo.rpc.AppResponse;

/**
 * What a provider tells its consumers, on the connection that is meant: "make a new one". It goes as an event, which every
 * Dubbo without this module ignores, and as an attachment of answers, which passes proxies that swallow events.
 */
final class RenewalHint {
    private static final String EVENT = "weir-renew";
    private static final String ATTACHMENT = "weir.renew";

    private RenewalHint() {}

    /** The event, to be sent by the provider. */
    static Request event() {
        Request request = new Request();
        request.setVersion(Version.getProtocolVersion());
        request.setTwoWay(false);
        request.setEvent(EVENT);
        return request;
    }

    /** Whether a message that a consumer received is the event. */
    static boolean isEvent(Object message) {
        return message instanceof Request
                && ((Request) message).isEvent()
                && EVENT.equals(((Request) message).getData());
    }

    /** Adds the hint to an answer. */
    static void addTo(org.apache.dubbo.rpc.Result answer) {
        answer.setAttachment(ATTACHMENT, "1");
    }

    /** Takes the hint out of an answer, so that the application never sees it; says whether it was there. */
    static boolean takeFrom(Object answer) {
        return answer instanceof AppResponse
                && ((AppResponse) answer).getObjectAttachments().remove(ATTACHMENT) != null;
    }
}
