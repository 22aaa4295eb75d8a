package dev.agentcontainers.nodeagent.linux.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.HandoverCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.Readiness;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** With a real pipe. */
@EnabledOnOs(OS.LINUX)
@Timeout(60)
class RuntimeMessagesTest {
    @TempDir
    private Path folder;

    private final DescriptorCalls calls = DescriptorCalls.ofThisMachine();
    private final CompletableFuture<Integer> end = new CompletableFuture<>();
    private RuntimeMessages messages;

    @BeforeEach
    void open() throws Exception {
        OciSettings settings =
                OciSettings.of(folder.resolve("state"), folder.resolve("run"), "", new IdRange(200_000_000, 65_536), 0);
        Tools tools = new Tools(Path.of("/x/crun"), Path.of("/x/conmon"), List.of(), Tools.Dialect.CRUN);
        ProcessCalls processes = ProcessCalls.ofThisMachine();
        messages = RuntimeMessages.open(new RuntimeCommand(
                tools,
                new Shim(tools, settings, processes, calls),
                processes,
                calls,
                HandoverCalls.ofThisMachine(),
                new Readiness(processes, calls),
                Mounts.ofThisMachine(),
                OciSettings.PATIENCE));
    }

    private void say(String text) {
        byte[] bytes = text.getBytes(UTF_8);
        assertThat(calls.write(messages.theirs(), bytes, bytes.length)).isEqualTo(bytes.length);
    }

    private static InputStream shown(String text) {
        return new ByteArrayInputStream(text.getBytes(UTF_8));
    }

    @Test
    void whatTheRuntimeSaysComesAfterTheTerminalWithItsEndsOfLine() throws Exception {
        say("one\ntwo\n");
        messages.closeTheirs();
        end.complete(1);
        try (InputStream all = messages.after(shown("shown\n"), end)) {
            assertThat(all.readAllBytes()).asString(UTF_8).isEqualTo("shown\none\r\ntwo\r\n");
        }
    }

    @Test
    void whatIsAddedComesLast() throws Exception {
        say("said\n");
        messages.closeTheirs();
        messages.add("added");
        end.complete(1);
        try (InputStream all = messages.after(shown(""), end)) {
            assertThat(all.readAllBytes()).asString(UTF_8).isEqualTo("said\r\nadded\r\n");
        }
    }

    /** A descendant of the runtime holds the other end. */
    @Test
    void whoeverHoldsThePipeHoldsNobodyUp() throws Exception {
        say("said\n");
        end.complete(1);
        try (InputStream all = messages.after(shown(""), end)) {
            assertThat(all.readAllBytes()).asString(UTF_8).isEqualTo("said\r\n");
        } finally {
            messages.closeTheirs();
        }
    }

    @Test
    void nothingIsShownWhereNothingIsSaid() throws Exception {
        messages.closeTheirs();
        end.complete(0);
        try (InputStream all = messages.after(shown("shown"), end)) {
            assertThat(all.readAllBytes()).asString(UTF_8).isEqualTo("shown");
        }
    }

    @Test
    void closingEndsTheWait() throws Exception {
        InputStream all = messages.after(shown(""), end);
        messages.close();
        assertThat(all.read()).isEqualTo(-1);
        messages.closeTheirs();
    }
}
