package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.DENIED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.agentcontainers.nodeagent.fence.AgentConnection;
import dev.agentcontainers.nodeagent.fence.Fence.Attachment;
import dev.agentcontainers.nodeagent.fence.Fence.Condition;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What others change inside the fence is put right, and nobody waits for that. */
@Tag("node")
class FenceRepairIT {
    private static final Duration NEVER = Duration.ofDays(1);
    /** Ends of processes are waited for by the common pool, which may have but one thread. */
    private static final Executor OWN_THREAD =
            work -> Thread.ofPlatform().daemon().start(work);

    private final WatchedSystem system = new WatchedSystem();
    private Machine machine;
    private LinuxFence fence;
    private HostileAgent agent;

    @BeforeEach
    void openFence() throws IOException, SandboxException {
        machine = Machine.create();
        agent = machine.agent();
        open(NEVER);
    }

    private void open(Duration everythingReadEvery) throws SandboxException {
        if (fence != null) {
            fence.close();
        }
        fence = new LinuxFence(machine.settings(), system, everythingReadEvery);
        fence.open(Machine.fenceSettings());
        fence.apply(List.of(Groups.NARROW));
        fence.attach(agent.id(), agent.network(), "narrow");
    }

    @AfterEach
    void destroyFence() throws IOException, SandboxException {
        if (machine != null) {
            agent.close();
            if (fence != null) {
                fence.destroy();
            }
            machine.close();
        }
    }

    /** A host with a hundred thousand rules of its own takes seconds to tell of them. */
    @Test
    void agentsAreAttachedAndRulesTakenBackWhileTheHostIsSlowToAnswer() throws Exception {
        WatchedSystem.Hold hold = system.holdBack("list tables");
        CompletableFuture<Condition> repair = CompletableFuture.supplyAsync(this::repaired, OWN_THREAD);
        try (HostileAgent other = machine.agent()) {
            assertThat(hold.asked().await(30, TimeUnit.SECONDS)).isTrue();
            fence.attach(other.id(), other.network(), "narrow");
            assertThat(other.tcp(ALLOWED, PORT)).isEqualTo("ok");
            fence.apply(List.of(Groups.group("narrow")));
            assertThat(other.tcp(ALLOWED, PORT)).contains("No route to host");
            fence.detach(other.id());
            assertThat(repair).isNotDone();
        } finally {
            hold.answer().countDown();
        }
        assertThat(repair.get(30, TimeUnit.SECONDS)).isEqualTo(Condition.SOUND);
    }

    /** As where a hundred thousand addresses are read back: the time that an agent has to answer is not spent on that. */
    @Test
    void agentsAreAskedWhileTheFenceIsSlow() throws Exception {
        WatchedSystem.Hold hold = system.holdBack("list the set agents");
        CompletableFuture<Map<SandboxId, Attachment>> listing =
                CompletableFuture.supplyAsync(this::attachments, OWN_THREAD);
        try {
            assertThat(hold.asked().await(30, TimeUnit.SECONDS)).isTrue();
            int before = system.questions().size();
            assertThat(answered()).contains("Connection refused");
            assertThat(since(before)).isEmpty();
        } finally {
            hold.answer().countDown();
        }
        assertThat(listing.get(30, TimeUnit.SECONDS)).containsOnlyKeys(agent.id());
    }

    /** Of a port at which nobody serves. */
    private String answered() throws SandboxException {
        try (AgentConnection connection = fence.connect(agent.id(), 8999)) {
            connection.await();
            return "";
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private Map<SandboxId, Attachment> attachments() {
        try {
            return fence.attachments();
        } catch (SandboxException e) {
            throw new CompletionException(e);
        }
    }

    @Test
    void whoIsAskedIsAttached() throws Exception {
        assertThat(answered()).contains("Connection refused");
        fence.close();
        assertThatExceptionOfType(SandboxException.class)
                .isThrownBy(this::answered)
                .withMessageContaining("the fence is not open");

        fence = new LinuxFence(machine.settings(), system, NEVER);
        fence.open(Machine.fenceSettings());
        assertThat(answered()).as("adopted").contains("Connection refused");

        fence.detach(agent.id());
        assertThatExceptionOfType(SandboxException.class)
                .isThrownBy(this::answered)
                .withMessageContaining("is not attached to the fence");
    }

    /** Its answers do not pass any more, which is no failure of the agent. */
    @Test
    void whomSomeoneTakesOutOfTheFenceIsNotAskedAfterTheNextRepair() throws Exception {
        machine.inFence("nft flush set inet agentfence sources");
        fence.repair();
        assertThatExceptionOfType(SandboxException.class)
                .isThrownBy(this::answered)
                .withMessageContaining("is not attached to the fence");
    }

    private Condition repaired() {
        try {
            return fence.repair();
        } catch (SandboxException e) {
            throw new CompletionException(e);
        }
    }

    @Test
    void aRuleThatSomeoneAddsIsRemoved() throws SandboxException {
        machine.inFence("nft insert rule inet agentfence g_narrow accept");
        assertThat(agent.tcp(DENIED, PORT)).as("the test can fail").isEqualTo("ok");
        assertThat(fence.repair().repaired()).containsExactly("the rules of the policy group narrow were changed");
        assertThat(agent.tcp(DENIED, PORT)).contains("No route to host");
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        assertThat(fence.repair()).isEqualTo(Condition.SOUND);
    }

    @Test
    void theFencesOwnRulesArePutRight() throws SandboxException {
        for (String change : List.of(
                "nft insert rule inet agentfence from_agent accept",
                "nft insert rule inet agentfence forward accept",
                "nft flush chain inet agentfence from_uplink",
                "nft chain inet agentfence forward '{ policy accept; }'",
                "rule=$(nft list chain inet agentfence from_agent | grep 'ct state invalid' | sed 's/invalid/new/');"
                        + " handle=$(nft -a list chain inet agentfence from_agent | grep 'ct state invalid'"
                        + " | grep -o 'handle [0-9]*'); nft replace rule inet agentfence from_agent $handle $rule",
                "rule=$(nft list chain inet agentfence from_agent | grep 'ip daddr @' | sed 's/@/!= @/');"
                        + " handle=$(nft -a list chain inet agentfence from_agent | grep 'ip daddr @'"
                        + " | grep -o 'handle [0-9]*'); nft replace rule inet agentfence from_agent $handle $rule")) {
            machine.inFence(change);
            assertThat(fence.repair().repaired()).as(change).containsExactly("the fence's own rules were changed");
            assertThat(fence.repair()).as(change).isEqualTo(Condition.SOUND);
        }
        assertThat(agent.tcp(DENIED, PORT)).contains("No route to host");
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
    }

    @Test
    void anAddressThatSomeoneAddsIsRemovedOnceEverythingIsReadBack() throws SandboxException {
        open(Duration.ZERO);
        machine.inFence("set=$(nft list sets | grep -o 'a4_narrow_[0-9]*');"
                + " nft add element inet agentfence $set '{ " + DENIED + " . tcp . " + PORT + " }'");
        assertThat(agent.tcp(DENIED, PORT)).as("the test can fail").isEqualTo("ok");
        assertThat(fence.repair().repaired()).containsExactly("the rules of the policy group narrow were changed");
        assertThat(agent.tcp(DENIED, PORT)).contains("No route to host");
        assertThat(fence.repair()).isEqualTo(Condition.SOUND);
    }

    @Test
    void addressesAreReadBackNowAndThenOnly() throws SandboxException {
        int before = system.questions().size();
        fence.repair();
        assertThat(since(before)).contains("list rules").noneMatch(FenceRepairIT::ofAGroupsAddresses);
        open(Duration.ZERO);
        before = system.questions().size();
        fence.repair();
        assertThat(since(before)).anyMatch(FenceRepairIT::ofAGroupsAddresses);
    }

    private List<String> since(int before) {
        List<String> all = system.questions();
        return all.subList(before, all.size());
    }

    private static boolean ofAGroupsAddresses(String question) {
        return question.startsWith("list the set a4_");
    }

    /** Without its table the fence would let everything pass. */
    @Test
    void aTableThatSomeoneDeletesIsMadeAgain() throws SandboxException {
        machine.inFence("nft flush ruleset");
        assertThat(fence.repair().repaired())
                .containsExactly(
                        "the fence's own chains were missing", "the rules of the policy group narrow were changed");
        assertThat(agent.tcp(DENIED, PORT)).isNotEqualTo("ok");
        fence.attach(agent.id(), agent.network(), "narrow");
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        assertThat(agent.tcp(DENIED, PORT)).contains("No route to host");
    }

    @Test
    void agentsAreNotBoundToAGroupWithForeignRules() throws Exception {
        machine.inFence("nft insert rule inet agentfence g_narrow accept");
        fence.close();
        fence = new LinuxFence(machine.settings(), system, NEVER);
        fence.open(Machine.fenceSettings());
        try (HostileAgent other = machine.agent()) {
            assertThatExceptionOfType(SandboxException.class)
                    .isThrownBy(() -> fence.attach(other.id(), other.network(), "narrow"))
                    .withMessageContaining("'narrow' is not applied");
        }
        fence.apply(List.of(Groups.NARROW));
        assertThat(agent.tcp(DENIED, PORT)).contains("No route to host");
    }
}
