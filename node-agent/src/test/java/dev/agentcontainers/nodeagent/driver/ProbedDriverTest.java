package dev.agentcontainers.nodeagent.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A driver that lacks its tool begins nothing and still looks after what it has. */
class ProbedDriverTest {
    private static final SandboxId ID = new SandboxId("a");
    private static final SandboxSpec SPEC =
            new SandboxSpec(ID, "a", Map.of(), List.of("true"), "/", Map.of(), ResourceAmounts.NONE, List.of());

    private final SwitchableDriver tool = new SwitchableDriver(true);
    private final ProbedDriver driver = new ProbedDriver(tool);

    @Test
    void itBeginsAgentsOnlyWhileItIsReady() throws SandboxException {
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
    void oneProbeThatFailsIsNoLoss() {
        driver.probe();
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
}
