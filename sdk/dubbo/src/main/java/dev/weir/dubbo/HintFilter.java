package dev.weir.dubbo;

import org.apache.dubbo.common.constants.CommonConstants;
import org.apache.dubbo.common.extension.Activate;
import org.apache.dubbo.rpc.Filter;
import org.apache.dubbo.rpc.Invocation;
import org.apache.dubbo.rpc.Invoker;
import org.apache.dubbo.rpc.Result;
import org.apache.dubbo.rpc.RpcContext;
import org.apache.dubbo.rpc.model.ApplicationModel;

/** Adds the hint to the answers of calls that came over a connection of a sidecar that is being replaced. */
@Activate(group = CommonConstants.PROVIDER)
public final class HintFilter implements Filter, Filter.Listener {
    private static final String MARK = HintFilter.class.getName();
    private final DrainingChannels channels;

    /** Called by Dubbo. */
    public HintFilter(ApplicationModel application) {
        this.channels = DrainingChannels.of(application.getFrameworkModel());
    }

    @Override
    public Result invoke(Invoker<?> invoker, Invocation invocation) {
        // The answer may come on another thread, where the context is another call's: remembered with the call.
        if (channels.has(RpcContext.getServiceContext().getRemoteAddress())) invocation.put(MARK, Boolean.TRUE);
        return invoker.invoke(invocation);
    }

    @Override
    public void onResponse(Result answer, Invoker<?> invoker, Invocation invocation) {
        if (invocation.get(MARK) != null) RenewalHint.addTo(answer);
    }

    @Override
    public void onError(Throwable error, Invoker<?> invoker, Invocation invocation) {}
}
