package dev.agentcontainers.nodeagent.standalone;

import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.util.List;
import java.util.Optional;

/** What no policy opens in the fence of a run, which may become more at any time. Thread-safe. */
final class ClosedAddresses {
    private List<String> closed;
    private Optional<Fence> open = Optional.empty();

    ClosedAddresses(List<String> closed) {
        this.closed = List.copyOf(closed);
    }

    /** Opens the fence with what is closed as of now; what comes later is closed in it too. */
    synchronized void open(Fence fence, String agentCidr, String fleetCidr) throws SandboxException {
        fence.open(new FenceSettings(agentCidr, fleetCidr, closed));
        open = Optional.of(fence);
    }

    /** Replaces what is closed. */
    synchronized void replace(List<String> addressesAndRanges) throws SandboxException {
        if (closed.equals(addressesAndRanges)) {
            return;
        }
        closed = List.copyOf(addressesAndRanges);
        if (open.isPresent()) {
            open.get().neverAllow(closed);
        }
    }

    /** The fence is about to go. */
    synchronized void forget() {
        open = Optional.empty();
    }
}
