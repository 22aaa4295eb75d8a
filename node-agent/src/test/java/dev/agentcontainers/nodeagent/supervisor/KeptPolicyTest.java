package dev.agentcontainers.nodeagent.supervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper;
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

    /** The kernel holds all of it but for what can't be charged. */
    @Test
    void whatCantBeChargedHoldsNothingUpAndIsTriedAgain() throws SandboxException {
        List<Budget> budgets = List.of(new Budget("EgressPolicy/sites spec.egress[a]", 1L, null));
        List<Budgeted> budgeted = List.of(
                new Budgeted(List.of(0), List.of(new Allow("203.0.113.1/32", Protocol.TCP, 443, 443)), List.of()));
        AtomicBoolean failing = new AtomicBoolean(true);
        Fence fence = new ForwardingFence(new FakeFence(machine, new Calls())) {
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
        PolicyKeeper keeper = new PolicyKeeper(fence, new DiskJournal(folder));
        AtomicInteger heard = new AtomicInteger();
        keeper.onChange(heard::incrementAndGet);
        String plain = RulesetHash.of(List.of());
        PolicySnapshot revision = new PolicySnapshot(
                1,
                new AgentNodePolicySpec(
                        7L,
                        List.of(
                                new AgentNodePolicySpec.Group(
                                        "payer", "all", null, null, null, null, null, null, null, null, budgets,
                                        budgeted),
                                new AgentNodePolicySpec.Group("plain", plain, null, null))));

        assertThatThrownBy(() -> keeper.apply(revision))
                .isInstanceOf(SandboxException.class)
                .hasMessageContaining("the policy groups payer allow within budgets");
        assertThat(keeper.enforced().orElseThrow())
                .isEqualTo(new PolicyKeeper.Enforced(
                        1, 7, Map.of("payer", "all", "plain", plain), Map.of("payer", plain, "plain", plain)));
        assertThat(heard).hasValue(1);
        failing.set(false);
        assertThat(keeper.apply(revision).hashes()).containsEntry("payer", "all");
        assertThat(heard).hasValue(2);
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
