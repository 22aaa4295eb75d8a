package dev.agentcontainers.nodeagent.strength;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.driver.SwitchableDriver;
import dev.agentcontainers.nodeagent.observability.MeteredDriver;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.strength.ProbeResult.Verdict;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A driver that lacks its tool, or whose isolation is weak or not known, begins nothing and still looks after what it has. */
class ProvenDriverTest {
    private static final SandboxId ID = new SandboxId("a");
    private static final SandboxSpec SPEC =
            new SandboxSpec(ID, "a", Map.of(), List.of("true"), "/", Map.of(), ResourceAmounts.NONE, List.of());

    private final SwitchableDriver tool = new SwitchableDriver(true);
    private final ProvenDriver driver = new ProvenDriver(tool);
    private final GivenStrength strength = new GivenStrength();

    @Test
    void itBeginsAgentsOnlyWhileItIsReady() throws Exception {
        tool.tool(false);
        driver.probe();
        assertThatExceptionOfType(SandboxException.class)
                .isThrownBy(() -> driver.prepare(SPEC))
                .withMessage("the isolation driver 'switchable' can't run agents on this node at present:"
                        + " the tool is missing")
                .satisfies(e -> assertThat(e.kind()).as("tried again").isEqualTo(Kind.TRANSIENT));
        assertThat(tool.calls()).isEmpty();

        tool.tool(true);
        driver.probe();
        driver.measure(strength);
        driver.prepare(SPEC);
        assertThat(tool.calls()).containsExactly("prepare");
    }

    @Test
    void whatItHoldsIsStoppedAndRemovedThoughItIsNotReady() throws SandboxException {
        tool.tool(false);
        driver.probe();
        driver.terminate(ID);
        driver.kill(ID);
        driver.remove(ID);
        driver.purge(ID);
        assertThat(tool.calls()).containsExactly("terminate", "kill", "remove", "purge");
        assertThat(driver.list()).containsExactly(ID);
    }

    @Test
    void oneProbeThatFailsIsNoLoss() throws Exception {
        driver.probe();
        driver.measure(strength);
        tool.failProbes(1);
        assertThat(driver.probe()).isEqualTo(SwitchableDriver.READY);
        tool.failProbes(2);
        assertThat(driver.probe()).isEqualTo(SwitchableDriver.MISSING);
        assertThat(driver.measured()).as("what agents that run were begun with").isEqualTo(SwitchableDriver.READY);
    }

    @Test
    void whatWasNeverProbedIsNotReady() {
        assertThat(driver.last()).isInstanceOf(DriverProbe.NotReady.class);
    }

    @Test
    void itCountsOnlyOnceItIsMeasured() throws Exception {
        driver.probe();
        assertThat(driver.isUnproven()).isTrue();
        assertThat(driver.last()).isInstanceOf(DriverProbe.NotReady.class);
        assertThatExceptionOfType(SandboxException.class)
                .isThrownBy(() -> driver.prepare(SPEC))
                .withMessageContaining("is being measured");
        assertThat(driver.weakness()).as("not known is not weak").isEmpty();

        driver.measure(strength);
        assertThat(driver.isUnproven()).isFalse();
        assertThat(driver.last()).isEqualTo(SwitchableDriver.READY);
    }

    @Test
    void oneThatDoesNotHoldBeginsNothingAndSaysWhatWasSeen() throws Exception {
        driver.probe();
        driver.measure(strength);
        strength.give(
                new ProbeResult("keys", IsolationLevel.Process, Verdict.FAILED, "keys of it are on the host"),
                new ProbeResult("files", IsolationLevel.Process, Verdict.FAILED, "read"),
                new ProbeResult("other", IsolationLevel.Process, Verdict.PASSED, "refused"));
        driver.measure(strength);
        assertThat(driver.last())
                .isEqualTo(new DriverProbe.NotReady(
                        "its isolation does not hold: keys (keys of it are on the host) and 1 more"));
        assertThat(driver.weakness())
                .contains(
                        "The isolation of driver switchable does not hold: keys (keys of it are on the host) and 1 more");
        assertThat(driver.measured()).as("not what its agents were begun with").isEqualTo(driver.last());
        assertThatExceptionOfType(SandboxException.class).isThrownBy(() -> driver.prepare(SPEC));
    }

    /** A busy machine is no proof against a driver, and none for it. */
    @Test
    void whatIsNotKnownIsNoWeaknessAndTakesNoStrengthAway() throws Exception {
        driver.probe();
        strength.give(new ProbeResult("keys", IsolationLevel.Process, Verdict.UNKNOWN, "it took too long"));
        driver.measure(strength);
        assertThat(driver.last())
                .isEqualTo(
                        new DriverProbe.NotReady(
                                "how strongly it isolates could not be measured, which is tried again: keys (it took too long)"));
        assertThat(driver.weakness()).isEmpty();
        assertThat(driver.isUnproven()).isTrue();

        strength.give(new ProbeResult("keys", IsolationLevel.Process, Verdict.PASSED, "refused"));
        driver.measure(strength);
        assertThat(driver.isUnproven()).isFalse();

        strength.give(new ProbeResult("keys", IsolationLevel.Process, Verdict.UNKNOWN, "it took too long"));
        driver.measure(strength);
        assertThat(driver.last()).as("what was known counts").isEqualTo(SwitchableDriver.READY);
        assertThat(driver.isUnproven()).as("and is measured again").isTrue();
    }

    /** Its agents were begun by what is gone, and may still run. */
    @Test
    void aWeaknessStaysUntilTheDriverIsFoundToHold() throws Exception {
        driver.probe();
        strength.give(new ProbeResult("keys", IsolationLevel.Process, Verdict.FAILED, "found"));
        driver.measure(strength);
        tool.tool(false);
        driver.probe();
        driver.probe();
        assertThat(driver.weakness()).isPresent();
        tool.tool(true);
        driver.probe();
        strength.give(new ProbeResult("keys", IsolationLevel.Process, Verdict.UNKNOWN, "it took too long"));
        driver.measure(strength);
        assertThat(driver.weakness()).isPresent();
        strength.give(new ProbeResult("keys", IsolationLevel.Process, Verdict.PASSED, "refused"));
        driver.measure(strength);
        assertThat(driver.weakness()).isEmpty();
    }

    /** As of a machine whose processors are emulated now, and were not when it was measured. */
    @Test
    void whatIsThereNowCountsWhereItIsWeakerThanWhatWasMeasured() {
        driver.remember(new StrengthReport(
                "test",
                "switchable",
                SwitchableDriver.READY.version(),
                IsolationLevel.MicroVM,
                "6.1.0",
                GivenStrength.AT,
                List.of(new ProbeResult("one", IsolationLevel.MicroVM, Verdict.PASSED, "refused"))));
        driver.probe();
        assertThat(driver.last()).isEqualTo(SwitchableDriver.READY);
    }

    /** Asked by way of what measures steps too, as the supervisor does. */
    @Test
    void whatItWasFoundNotToWithstandIsSaidToWhoAsksForMore() throws Exception {
        IsolationDriver asked = new MeteredDriver(driver, new SimpleMeterRegistry());
        tool.claim(IsolationLevel.UserspaceKernel);
        driver.probe();
        assertThat(asked.shortOf(IsolationLevel.MicroVM)).as("prepare says it").isEmpty();
        strength.give(
                new ProbeResult("one", IsolationLevel.Container, Verdict.PASSED, "refused"),
                new ProbeResult("kernel", IsolationLevel.UserspaceKernel, Verdict.PASSED, "its own"));
        driver.measure(strength);
        assertThat(asked.shortOf(IsolationLevel.UserspaceKernel)).isEmpty();
        assertThat(asked.shortOf(IsolationLevel.MicroVM)).isPresent();

        strength.give(
                new ProbeResult("one", IsolationLevel.Container, Verdict.PASSED, "refused"),
                new ProbeResult("kernel", IsolationLevel.UserspaceKernel, Verdict.FAILED, "the host's"));
        driver.measure(strength);
        assertThat(asked.shortOf(IsolationLevel.Container)).isEmpty();
        assertThat(asked.shortOf(IsolationLevel.UserspaceKernel))
                .contains(
                        "the isolation driver 'switchable' counts as Container on this node at present, and the agent must"
                                + " have UserspaceKernel: counts as Container and not as UserspaceKernel: kernel (the host's)");
    }

    @Test
    void aReportOfAnotherVersionDoesNotCount() {
        driver.remember(new StrengthReport(
                "test",
                "switchable",
                "tool 0",
                IsolationLevel.Process,
                "6.1.0",
                GivenStrength.AT,
                List.of(new ProbeResult("one", IsolationLevel.Process, Verdict.PASSED, "refused"))));
        driver.probe();
        assertThat(driver.isUnproven()).isTrue();
        assertThat(driver.report()).isEmpty();
    }
}
