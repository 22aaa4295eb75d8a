package dev.agentcontainers.nodeagent.supervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper;
import dev.agentcontainers.nodeagent.egress.PolicyRestoration;
import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.fence.ForwardingFence;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.journal.DiskJournal;
import dev.agentcontainers.nodeagent.journal.PolicySnapshot;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.policy.RulesetHash;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A policy is in force before it is acknowledged, and again after a reboot without anybody saying so. */
class KeptPolicyTest {
    private static final String PLAIN = RulesetHash.of(List.of());

    @TempDir
    private Path folder;

    private final FakeMachine machine = new FakeMachine(new SettableClock());

    private PolicyKeeper keeper(Calls calls) {
        return new PolicyKeeper(new FakeFence(machine, calls), new DiskJournal(folder));
    }

    private static PolicySnapshot revision(long revision, long epoch, String group) {
        return new PolicySnapshot(
                revision,
                new AgentNodePolicySpec(
                        epoch, List.of(new AgentNodePolicySpec.Group(group, "hash-" + revision, null, null))));
    }

    @Test
    void whatTheKernelHoldsIsAcknowledged() throws SandboxException {
        PolicyKeeper keeper = keeper(new Calls());
        AtomicInteger heard = new AtomicInteger();
        keeper.onChange(heard::incrementAndGet);

        assertThat(keeper.apply(revision(3, 7, "g")))
                .isEqualTo(new PolicyKeeper.Enforced(3, 7, Map.of("g", "hash-3"), Map.of("g", "hash-3")));
        assertThat(heard).hasValue(1);
    }

    /** A fence that can't charge anything while that is so. */
    private Fence charging(AtomicBoolean failing) {
        return new ForwardingFence(new FakeFence(machine, new Calls())) {
            @Override
            public Map<String, String> apply(List<GroupRuleset> groups) throws SandboxException {
                return super.apply(
                        failing.get()
                                ? groups.stream()
                                        .map(GroupRuleset::withoutBudgets)
                                        .toList()
                                : groups);
            }
        };
    }

    private static PolicySnapshot charged() {
        List<Budget> budgets = List.of(new Budget("EgressPolicy/sites spec.egress[a]", 1L, null));
        List<Budgeted> budgeted = List.of(
                new Budgeted(List.of(0), List.of(new Allow("203.0.113.1/32", Protocol.TCP, 443, 443)), List.of()));
        return new PolicySnapshot(
                1,
                new AgentNodePolicySpec(
                        7L,
                        List.of(
                                new AgentNodePolicySpec.Group(
                                        "payer", "all", null, null, null, null, null, null, null, null, budgets,
                                        budgeted),
                                new AgentNodePolicySpec.Group("plain", PLAIN, null, null))));
    }

    /** The kernel holds all of it but for what can't be charged. */
    @Test
    void whatCantBeChargedHoldsNothingUpAndIsTriedAgain() throws SandboxException {
        AtomicBoolean failing = new AtomicBoolean(true);
        PolicyKeeper keeper = new PolicyKeeper(charging(failing), new DiskJournal(folder));
        AtomicInteger heard = new AtomicInteger();
        keeper.onChange(heard::incrementAndGet);

        assertThatThrownBy(() -> keeper.apply(charged()))
                .isInstanceOf(SandboxException.class)
                .hasMessageContaining("the policy groups payer allow within budgets");
        assertThat(keeper.enforced().orElseThrow())
                .isEqualTo(new PolicyKeeper.Enforced(
                        1, 7, Map.of("payer", "all", "plain", PLAIN), Map.of("payer", PLAIN, "plain", PLAIN)));
        assertThat(heard).hasValue(1);
        failing.set(false);
        assertThat(keeper.apply(charged()).hashes()).containsEntry("payer", "all");
        assertThat(heard).hasValue(2);
    }

    /** Without anybody saying so, as where the API server can't be reached. */
    @Test
    void whatCameBackInPartIsTriedAgainUntilItIsWhole() throws SandboxException {
        AtomicBoolean failing = new AtomicBoolean();
        new PolicyKeeper(charging(failing), new DiskJournal(folder)).apply(charged());
        failing.set(true);
        PolicyKeeper after = new PolicyKeeper(charging(failing), new DiskJournal(folder));
        AtomicInteger heard = new AtomicInteger();
        try (PolicyRestoration _ = new PolicyRestoration(after).start()) {
            after.onChange(heard::incrementAndGet);
            assertThat(after.enforced().orElseThrow().hashes()).containsEntry("payer", PLAIN);
            failing.set(false);
            await().until(() ->
                    "all".equals(after.enforced().orElseThrow().hashes().get("payer")));
            await().until(() -> heard.get() > 0);
        }
    }

    @Test
    void whatDidNotComeBackIsTriedAgain() throws SandboxException {
        keeper(new Calls()).apply(revision(4, 9, "g"));
        machine.reboot();
        Calls calls = new Calls();
        calls.fail("apply", new SandboxException(Step.FENCE, Kind.TRANSIENT, "kernel says no"));
        PolicyKeeper after = keeper(calls);
        try (PolicyRestoration _ = new PolicyRestoration(after).start()) {
            assertThat(after.enforced()).isEmpty();
            calls.heal();
            await().until(() -> after.enforced().isPresent());
            assertThat(after.enforced().orElseThrow().revision()).isEqualTo(4);
        }
    }

    /** What is written down may be older: the disk takes no writing. */
    @Test
    void whatComesFirstIsNotReplacedByWhatWasWrittenDown() throws SandboxException {
        keeper(new Calls()).apply(revision(1, 7, "g"));
        Calls calls = new Calls();
        PolicyKeeper after =
                new PolicyKeeper(new FakeFence(machine, calls), new CallingJournal(new DiskJournal(folder), calls));
        calls.fail("journal.policy", new SandboxException(Step.OBSERVE, Kind.TRANSIENT, "no space left"));
        calls.fail("apply", new SandboxException(Step.FENCE, Kind.INVALID_SPEC, "no such group can be"));
        assertThatThrownBy(() -> after.apply(revision(2, 7, "g"))).hasMessage("no such group can be");
        calls.heal();
        after.restore();
        assertThat(after.enforced().orElseThrow().revision()).isEqualTo(1);

        calls.fail("journal.policy", new SandboxException(Step.OBSERVE, Kind.TRANSIENT, "no space left"));
        calls.failAfter("apply", new SandboxException(Step.FENCE, Kind.TRANSIENT, "it is not known what came of it"));
        assertThatThrownBy(() -> after.apply(revision(3, 7, "g"))).hasMessage("it is not known what came of it");
        calls.heal();
        after.restore();
        assertThat(calls.made().stream().filter("apply"::equals)).hasSize(3);
    }

    @Test
    void aRevisionThatCantBeRightLeavesTheOneBefore() throws SandboxException {
        Calls calls = new Calls();
        PolicyKeeper keeper = keeper(calls);
        keeper.apply(revision(1, 7, "g"));
        calls.fail("apply", new SandboxException(Step.FENCE, Kind.INVALID_SPEC, "no such group can be"));

        assertThatThrownBy(() -> keeper.apply(revision(2, 7, "h"))).hasMessage("no such group can be");

        assertThat(keeper.enforced().orElseThrow().revision()).isEqualTo(1);
        assertThat(new DiskJournal(folder).policy().orElseThrow().revision()).isEqualTo(1);
    }

    /** A failure may come after the kernel has it; and a killed process says nothing at all. */
    @Test
    void whatMayBeInForceIsNotTakenBackByARestart() throws SandboxException {
        Calls calls = new Calls();
        PolicyKeeper keeper = keeper(calls);
        keeper.apply(revision(1, 7, "g"));
        calls.fail("apply", new SandboxException(Step.FENCE, Kind.TRANSIENT, "kernel says no"));
        assertThatThrownBy(() -> keeper.apply(revision(2, 7, "h"))).hasMessage("kernel says no");
        assertThat(keeper.enforced().orElseThrow().revision()).isEqualTo(1);

        PolicyKeeper after = keeper(new Calls());
        after.restore();

        assertThat(after.enforced().orElseThrow().revision()).isEqualTo(2);
    }

    @Test
    void aDiskThatTakesNoWritingDoesNotKeepARuleFromBeingTakenBack() throws SandboxException {
        Calls calls = new Calls();
        PolicyKeeper keeper =
                new PolicyKeeper(new FakeFence(machine, calls), new CallingJournal(new DiskJournal(folder), calls));
        keeper.apply(revision(1, 7, "g"));
        calls.fail("journal.policy", new SandboxException(Step.OBSERVE, Kind.TRANSIENT, "no space left"));

        assertThatThrownBy(() -> keeper.apply(revision(2, 7, "h"))).hasRootCauseMessage("no space left");

        assertThat(keeper.enforced().orElseThrow().revision()).isEqualTo(2);
    }

    @Test
    void theLastRevisionComesBackAfterAReboot() throws SandboxException {
        keeper(new Calls()).apply(revision(4, 9, "g"));
        machine.reboot();

        PolicyKeeper after = keeper(new Calls());
        after.restore();

        assertThat(after.enforced())
                .hasValue(new PolicyKeeper.Enforced(4, 9, Map.of("g", "hash-4"), Map.of("g", "hash-4")));
    }

    @Test
    void theEpochNeverFallsBack() throws SandboxException {
        PolicyKeeper keeper = keeper(new Calls());
        keeper.apply(revision(1, 9, "g"));
        assertThat(keeper.apply(revision(2, 8, "g")).epoch()).isEqualTo(9);
    }
}
