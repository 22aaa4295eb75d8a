package dev.agentcontainers.nodeagent.supervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper;
import dev.agentcontainers.nodeagent.journal.DiskJournal;
import dev.agentcontainers.nodeagent.journal.PolicySnapshot;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
