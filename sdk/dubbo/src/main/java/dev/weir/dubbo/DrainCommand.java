package dev.weir.dubbo;

import org.apache.dubbo.qos.api.BaseCommand;
import org.apache.dubbo.qos.api.Cmd;
import org.apache.dubbo.qos.api.CommandContext;
import org.apache.dubbo.qos.api.PermissionLevel;
import org.apache.dubbo.rpc.model.FrameworkModel;

/**
 * The QoS command {@code weirDrain ROLE [DEADLINE_MS [BUDGET_MS]]}. ROLE is consumer or provider; DEADLINE_MS is when the
 * old sidecar ends, BUDGET_MS how long the caller waits. Answers one line of JSON.
 */
@Cmd(
        name = "weirDrain",
        summary = "Move calls off the connections of a sidecar that is being replaced",
        example = {"weirDrain consumer 15000", "weirDrain provider 15000"},
        requiredPermissionLevel = PermissionLevel.PRIVATE)
public final class DrainCommand implements BaseCommand {
    private static final long DEFAULT_DEADLINE_MS = 15_000;
    private static final long DEFAULT_BUDGET_MS = 1_500;

    private final FrameworkModel framework;

    /** Called by Dubbo. */
    public DrainCommand(FrameworkModel framework) {
        this.framework = framework;
    }

    @Override
    public String execute(CommandContext context, String[] args) {
        String role = args == null || args.length == 0 ? "" : args[0];
        try {
            long deadlineMs = milliseconds(args, 1, DEFAULT_DEADLINE_MS);
            if (role.equals("provider")) {
                return "{\"told\":" + DrainingChannels.of(framework).drain(deadlineMs) + "}";
            }
            if (role.equals("consumer")) {
                long budgetMs = milliseconds(args, 2, DEFAULT_BUDGET_MS);
                RenewableClients.Outcome outcome = RenewableClients.of(framework).renewAll(deadlineMs, budgetMs);
                return "{\"moved\":" + outcome.moved + ",\"failed\":" + outcome.failed + ",\"pending\":" + outcome.pending
                        + "}";
            }
            return refuse(context, "weirDrain takes consumer or provider");
        } catch (NumberFormatException wrong) {
            return refuse(context, "weirDrain takes milliseconds after the role");
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
            return refuse(context, "interrupted");
        }
    }

    private static long milliseconds(String[] args, int index, long otherwise) {
        return args.length > index ? Math.max(0, Long.parseLong(args[index])) : otherwise;
    }

    private static String refuse(CommandContext context, String why) {
        context.setHttpCode(400);
        return "{\"error\":\"" + why + "\"}";
    }
}
