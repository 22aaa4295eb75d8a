package dev.agentcontainers.nodeagent.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.fence.NameServerSockets;
import dev.agentcontainers.nodeagent.fence.NetworkRates;
import dev.agentcontainers.nodeagent.fence.ResolvedDestination;
import dev.agentcontainers.nodeagent.observability.MeteredFence;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The fence is looked after without anybody asking for it. */
class FenceUpkeepTest {
    private static final Duration NEVER = Duration.ofHours(1);
    private static final Duration AT_ONCE = Duration.ofMillis(1);

    private final DisturbedFence fence = new DisturbedFence();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    @Test
    void itIsRepairedAtTheStartAndAfterEachDisturbance() {
        try (FenceUpkeep upkeep = new FenceUpkeep(new MeteredFence(fence, meters), NEVER, AT_ONCE).start()) {
            await().until(() -> fence.repairs.get() == 1);
            fence.listener.run();
            await().until(() -> fence.repairs.get() == 2);
            assertThat(upkeep.warnings()).containsExactly("a firewall is in the way");
            assertThat(meters.counter("agentcontainers.node.fence.repairs").count())
                    .isEqualTo(2);
        }
    }

    @Test
    void itIsRepairedNowAndThenThoughOneRepairFails() {
        fence.failures.set(3);
        try (FenceUpkeep upkeep = new FenceUpkeep(fence, AT_ONCE, AT_ONCE).start()) {
            await().until(() -> fence.repairs.get() > 2);
            assertThat(upkeep.warnings()).isNotEmpty();
        }
    }

    private static final class DisturbedFence implements Fence {
        private final AtomicInteger repairs = new AtomicInteger();
        private final AtomicInteger failures = new AtomicInteger();
        private volatile Runnable listener = () -> {};

        @Override
        public Condition repair() throws SandboxException {
            if (failures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                throw new SandboxException(Step.FENCE, Kind.TRANSIENT, "the kernel refuses for once");
            }
            repairs.incrementAndGet();
            return new Condition(List.of("forwarding was off"), List.of("a firewall is in the way"));
        }

        @Override
        public void onDisturbance(Runnable toCall) {
            listener = toCall;
        }

        @Override
        public void neverAllow(List<String> addressesAndRanges) {}

        @Override
        public void open(FenceSettings settings) {}

        @Override
        public Map<String, String> apply(List<GroupRuleset> groups) {
            return Map.of();
        }

        @Override
        public Attachment attach(SandboxId id, NetworkAttachment network, String group, NetworkRates rates) {
            throw new UnsupportedOperationException("not part of these tests");
        }

        @Override
        public void detach(SandboxId id) {}

        @Override
        public void openResolved(SandboxId id, String rulesetHash, List<ResolvedDestination> destinations) {}

        @Override
        public long confineProxy(Collection<InetSocketAddress> resolvers) {
            throw new UnsupportedOperationException("not part of these tests");
        }

        @Override
        public NameServerSockets nameServerSockets() {
            throw new UnsupportedOperationException("not part of these tests");
        }

        @Override
        public Map<SandboxId, Attachment> attachments() {
            return Map.of();
        }

        @Override
        public boolean destroyUnused() {
            return false;
        }

        @Override
        public void destroy() {}
    }
}
