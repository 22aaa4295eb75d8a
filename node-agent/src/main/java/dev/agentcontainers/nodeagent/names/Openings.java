package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.nodeagent.names.NamesFence.Named;
import dev.agentcontainers.nodeagent.names.OpeningCheck.Result;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.protocol.names.NodeMessage;
import dev.agentcontainers.protocol.names.NodeMessage.Opened;
import dev.agentcontainers.protocol.names.NodeMessage.Refused;
import dev.agentcontainers.protocol.names.ProxyMessage.Open;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens what the proxy asks for, as far as it stands the check. */
final class Openings {
    private static final Logger LOG = LoggerFactory.getLogger(Openings.class);

    private final NamesFence fence;
    private final Supplier<ClosedToNames> closed;
    private final NameAudit audit;

    /** @param closed what no name opens on this node, as of now */
    Openings(NamesFence fence, Supplier<ClosedToNames> closed, NameAudit audit) {
        this.fence = fence;
        this.closed = closed;
        this.audit = audit;
    }

    /** The answer, after the kernel's acknowledgement. */
    NodeMessage open(Open request) {
        try {
            Optional<Named> agent = fence.agentAt(request.agent());
            if (agent.isEmpty()) {
                return new Refused(request.request(), "there is no agent at that address");
            }
            return switch (OpeningCheck.check(request, agent.get().group(), closed.get())) {
                case Result.Refused refused -> {
                    LOG.warn("the egress proxy asks for what it must not: {}", refused.reason());
                    yield new Refused(request.request(), refused.reason());
                }
                case Result.Granted granted -> {
                    if (!granted.destinations().isEmpty()) {
                        fence.openResolved(agent.get().id(), agent.get().group().hash(), granted.destinations());
                    }
                    // Before the agent knows of them: a flow may begin at once.
                    audit.opened(agent.get().id(), request.name(), granted.addresses());
                    yield new Opened(
                            request.request(),
                            granted.addresses(),
                            granted.intercepted(agent.get().group()));
                }
            };
        } catch (SandboxException | RuntimeException e) {
            LOG.warn("what a name stands for can't be opened: {}", e.getMessage());
            return new Refused(request.request(), "it can't be opened");
        }
    }
}
