package dev.agentcontainers.nodeagent.names;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** What no name opens on this node as of now, put together again only where something of it is other than before. Thread-safe. */
final class ClosedNow implements Supplier<ClosedToNames> {
    private final NamesFence fence;
    private final NodeAddresses own;
    private volatile Optional<Known> known = Optional.empty();

    private record Known(ClosedToNames configured, List<String> own, ClosedToNames all) {}

    ClosedNow(NamesFence fence, NodeAddresses own) {
        this.fence = fence;
        this.own = own;
    }

    /**
     * As {@link #get}, with addresses of the machine that are not older than this call. Where they can't be known, with those that
     * were known last: what is closed beside them is closed nevertheless.
     *
     * @throws IllegalStateException where they never could be known
     */
    ClosedToNames asOfNow() {
        try {
            own.lookAgain();
            return get();
        } catch (IllegalStateException e) {
            return fence.closed().and(known.orElseThrow(() -> e).own());
        }
    }

    @Override
    public ClosedToNames get() {
        ClosedToNames configured = fence.closed();
        List<String> addresses = own.now();
        Optional<Known> before = known.filter(
                all -> all.configured().equals(configured) && all.own().equals(addresses));
        Known now = before.orElseGet(() -> new Known(configured, addresses, configured.and(addresses)));
        known = Optional.of(now);
        return now.all();
    }
}
