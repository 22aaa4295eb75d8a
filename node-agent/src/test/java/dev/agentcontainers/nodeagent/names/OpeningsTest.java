package dev.agentcontainers.nodeagent.names;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.ForwardingFence;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.protocol.Json;
import dev.agentcontainers.protocol.names.NodeMessage;
import dev.agentcontainers.protocol.names.NodeMessage.Opened;
import dev.agentcontainers.protocol.names.NodeMessage.Refused;
import dev.agentcontainers.protocol.names.ProxyMessage.Open;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OpeningsTest {
    private static final SandboxId ONE = new SandboxId("one");
    private static final SandboxId OTHER = new SandboxId("other");

    private final RecordingFence kernel = new RecordingFence();
    private final NamesFence fence = new NamesFence(kernel);
    private final Openings openings =
            new Openings(fence, () -> fence.closed().and(List.of("192.0.2.200")), NameAudit.NONE);

    private static GroupRuleset group(String name, String domain, int port) {
        return new GroupRuleset(
                name, "hash", List.of(), List.of(), List.of(new AllowedName(domain, Protocol.TCP, port, port)));
    }

    @BeforeEach
    void attachTwo() throws SandboxException {
        fence.open(new FenceSettings("100.80.4.0/24", "100.80.0.0/12", List.of("203.0.113.0/24")));
        fence.apply(List.of(group("a", "www.example.org", 443), group("b", "www.example.net", 80)));
        fence.attach(ONE, new NetworkAttachment(1), "a");
        fence.attach(OTHER, new NetworkAttachment(2), "b");
    }

    private NodeMessage open(String agent, String name, String... addresses) {
        return openings.open(new Open(7, agent, name, List.of(addresses), 60));
    }

    @Test
    void opensForTheAgentOfThatAddress() {
        assertThat(open("100.80.4.2", "www.example.org", "192.0.2.1")).isEqualTo(new Opened(7, List.of("192.0.2.1")));
        assertThat(open("100.80.4.3", "www.example.net", "192.0.2.1")).isEqualTo(new Opened(7, List.of("192.0.2.1")));
        assertThat(kernel.opened()).containsExactly("one 192.0.2.1:443/TCP", "other 192.0.2.1:80/TCP");
        assertThat(kernel.hashes()).as("of the rules that were judged by").containsExactly("hash");
    }

    /** Both have the name by a wildcard with tls, and one has it within a budget: the proxy may go there for the other alone. */
    @Test
    void whatIsInterceptedIsThatAgentsOwn() throws SandboxException {
        AllowedName below = new AllowedName("*.example.org", Protocol.TCP, 443, 443);
        GroupRuleset looking = new GroupRuleset("b", "hash", List.of(), List.of(), List.of(), List.of(below));
        GroupRuleset charging = new GroupRuleset(
                "a",
                "hash",
                List.of(),
                List.of(),
                List.of(),
                List.of(below),
                List.of(),
                List.of(),
                List.of(),
                List.of(new Budget("one", 1024L, null)),
                List.of(new Budgeted(
                        List.of(0), List.of(), List.of(new AllowedName("www.example.org", Protocol.TCP, 443, 443)))));
        fence.apply(List.of(charging, looking));

        assertThat(open("100.80.4.2", "www.example.org", "192.0.2.1"))
                .isEqualTo(new Opened(7, List.of("192.0.2.1"), Map.of()));
        assertThat(open("100.80.4.3", "www.example.org", "192.0.2.1"))
                .isEqualTo(new Opened(7, List.of("192.0.2.1"), Map.of("192.0.2.1", List.of(443))));
        assertThat(open("100.80.4.2", "other.example.org", "192.0.2.1"))
                .isEqualTo(new Opened(7, List.of("192.0.2.1"), Map.of("192.0.2.1", List.of(443))));
    }

    /** A node agent says it, or it is not so. */
    @Test
    void whatAnAnswerDoesNotSayIsNotIntercepted() {
        String text = "{\"type\":\"opened\",\"request\":7,\"addresses\":[\"192.0.2.1\"]}";
        assertThatThrownBy(() -> Json.parse(text, NodeMessage.class)).isInstanceOf(JsonProcessingException.class);
    }

    /** Each revision of the policy attaches every agent again. */
    @Test
    void anAgentThatIsAttachedAgainIsNewToNobody() throws SandboxException {
        List<String> newcomers = new ArrayList<>();
        AtomicInteger changes = new AtomicInteger();
        fence.onNewcomer(newcomers::add);
        fence.onChange(changes::incrementAndGet);

        fence.attach(ONE, new NetworkAttachment(1), "a");
        assertThat(changes).hasValue(0);
        assertThat(newcomers).isEmpty();

        fence.attach(new SandboxId("third"), new NetworkAttachment(3), "a");
        assertThat(changes).hasValue(1);
        assertThat(newcomers).containsExactly("100.80.4.4");
    }

    /** What the egress proxy remembers rests on nothing else. */
    @Test
    void whateverMayCloseAddressesIsNoticed() throws SandboxException {
        List<Long> seen = new ArrayList<>();
        seen.add(fence.closings());
        fence.apply(List.of(group("a", "www.example.org", 443), group("b", "www.example.net", 80)));
        fence.neverAllow(List.of("203.0.113.0/24"));
        fence.attach(ONE, new NetworkAttachment(1), "a");
        fence.attach(new SandboxId("third"), new NetworkAttachment(3), "a");
        fence.repair();
        assertThat(fence.closings()).as("nothing was closed").isEqualTo(seen.getFirst());

        fence.neverAllow(List.of("192.0.2.1"));
        seen.add(fence.closings());
        fence.attach(ONE, new NetworkAttachment(1), "b");
        seen.add(fence.closings());
        fence.detach(OTHER);
        seen.add(fence.closings());
        fence.apply(List.of(new GroupRuleset("a", "another hash", List.of())));
        seen.add(fence.closings());
        fence.apply(List.of());
        seen.add(fence.closings());
        kernel.repairs("others had opened addresses");
        fence.repair();
        seen.add(fence.closings());
        assertThat(seen).doesNotHaveDuplicates();
    }

    @Test
    void opensNothingByAnotherGroupsNamesOrForNobody() {
        assertThat(open("100.80.4.2", "www.example.net", "192.0.2.1")).isInstanceOf(Refused.class);
        assertThat(open("100.80.4.9", "www.example.org", "192.0.2.1")).isInstanceOf(Refused.class);
        assertThat(open("", "www.example.org", "192.0.2.1")).isInstanceOf(Refused.class);
        assertThat(kernel.opened()).isEmpty();
    }

    @Test
    void opensNothingOfTheNodesItsConfigurationsOrTheFleets() throws SandboxException {
        assertThat(open("100.80.4.2", "www.example.org", "192.0.2.200", "203.0.113.9", "100.81.0.1"))
                .isEqualTo(new Opened(7, List.of()));

        fence.neverAllow(List.of("192.0.2.1"));
        assertThat(open("100.80.4.2", "www.example.org", "192.0.2.1")).isEqualTo(new Opened(7, List.of()));
        assertThat(kernel.opened()).isEmpty();
    }

    /** The proxy is told of what is to be closed whatever becomes of the fence, and it can be tried again. */
    @Test
    void aFenceThatFailsToCloseIsNoReasonNotToTell() throws SandboxException {
        NamesFence failing = new NamesFence(new ForwardingFence(kernel) {
            @Override
            public void neverAllow(List<String> addressesAndRanges) throws SandboxException {
                throw new SandboxException(Step.FENCE, Kind.TRANSIENT, "the kernel refuses");
            }
        });
        failing.open(new FenceSettings("100.80.4.0/24", "100.80.0.0/12", List.of()));
        AtomicInteger changes = new AtomicInteger();
        failing.onChange(changes::incrementAndGet);
        long before = failing.closings();

        assertThatThrownBy(() -> failing.neverAllow(List.of("192.0.2.1"))).isInstanceOf(SandboxException.class);

        assertThat(changes).hasValue(1);
        assertThat(failing.closings()).isGreaterThan(before);
        assertThat(failing.closed().contains(Cidr.parse("192.0.2.1"))).isTrue();
    }

    /** The proxy is told what rules and configuration say whatever becomes of this, and nothing is opened meanwhile. */
    @Test
    void aMachineThatDoesNotTellItsAddressesHasTheLastKnown() throws SandboxException {
        AtomicBoolean failing = new AtomicBoolean(true);
        NodeAddresses own = new NodeAddresses(
                () -> {
                    if (failing.get()) {
                        throw new IllegalStateException("too many open files");
                    }
                    return List.of("192.0.2.77");
                },
                System::nanoTime);
        ClosedNow closed = new ClosedNow(fence, own);
        assertThatThrownBy(closed::asOfNow).isInstanceOf(IllegalStateException.class);
        failing.set(false);
        assertThat(closed.asOfNow().ranges()).contains("192.0.2.77/32");

        failing.set(true);
        fence.neverAllow(List.of("198.51.100.0/24"));

        assertThat(closed.asOfNow().ranges()).contains("192.0.2.77/32", "198.51.100.0/24");
        assertThatThrownBy(closed::get).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void whatIsClosedIsKnownAsOfNow() throws SandboxException {
        ClosedNow closed = new ClosedNow(fence, new NodeAddresses(System::nanoTime));
        assertThat(closed.get().contains(Cidr.parse("192.0.2.1"))).isFalse();
        assertThat(closed.get()).as("put together once").isSameAs(closed.get());

        fence.neverAllow(List.of("192.0.2.1"));
        assertThat(closed.get().contains(Cidr.parse("192.0.2.1"))).isTrue();
        fence.neverAllow(List.of());
        assertThat(closed.get().contains(Cidr.parse("192.0.2.1"))).isFalse();
    }

    @Test
    void rulesAgentsAndBindingsThatAreGoneOpenNothing() throws SandboxException {
        fence.detach(OTHER);
        assertThat(open("100.80.4.3", "www.example.net", "192.0.2.1")).isInstanceOf(Refused.class);

        String address = fence.attach(ONE, new NetworkAttachment(1), "b").address();
        assertThat(open(address, "www.example.org", "192.0.2.1")).isInstanceOf(Refused.class);

        fence.apply(List.of(group("a", "www.example.org", 443)));
        assertThat(open(address, "www.example.net", "192.0.2.1")).isInstanceOf(Refused.class);
        assertThat(kernel.opened()).isEmpty();
    }

    @Test
    void whatTheKernelRefusesIsNotTold() {
        kernel.refuse();

        assertThat(open("100.80.4.2", "www.example.org", "192.0.2.1")).isEqualTo(new Refused(7, "it can't be opened"));
    }

    @Test
    void anAttachmentThatFailsLeavesNoAgentThatMayAsk() {
        kernel.refuse();

        assertThatThrownBy(() -> fence.attach(ONE, new NetworkAttachment(1), "a"))
                .isInstanceOf(SandboxException.class);

        assertThat(fence.agents()).doesNotContainKey("100.80.4.2");
        assertThat(open("100.80.4.2", "www.example.org", "192.0.2.1"))
                .isEqualTo(new Refused(7, "there is no agent at that address"));
    }

    @Test
    void attachmentsOfAnEarlierProcessAreKnown() throws SandboxException {
        NamesFence later = new NamesFence(kernel);
        later.open(new FenceSettings("100.80.4.0/24", "100.80.0.0/12", List.of()));
        later.apply(List.of(group("a", "www.example.org", 443)));

        assertThat(later.agents()).containsOnlyKeys("100.80.4.2", "100.80.4.3");
        assertThat(later.agentAt("100.80.4.2").map(NamesFence.Named::id)).contains(ONE);
        assertThat(later.agentAt("100.80.4.3")).as("its group isn't applied").isEmpty();
    }
}
