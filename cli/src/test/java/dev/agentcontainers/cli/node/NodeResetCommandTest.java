package dev.agentcontainers.cli.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.image.agent.NodeUses;
import dev.agentcontainers.nodeagent.standalone.StandaloneRun;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class NodeResetCommandTest {
    /** Agents of standalone runs may run from them at this moment. */
    @Test
    void theMachinesImagesStayAsTheRunsThatHaveThemDo() {
        assertThat(NodeResetCommand.ofOthers())
                .contains(NodeUses.usualDirectory(Path.of(NodeInstallation.DEFAULT_STATE)))
                .containsAll(StandaloneRun.folders());
    }
}
