package dev.agentcontainers.nodeagent.linux.namespace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class NamespaceThreadTest {
    private static final int EPERM = 1;

    private final RecordingNamespaces calls = new RecordingNamespaces();

    private NetworkNamespace open(String path) throws IOException {
        return NetworkNamespace.open(calls, Path.of(path));
    }

    @Test
    void visitsAndComesBack() throws IOException {
        NetworkNamespace other = open("/other");
        AtomicReference<Thread> worker = new AtomicReference<>();
        try (NamespaceThread thread = NamespaceThread.in(open("/home"), "test")) {
            assertThat(thread.visit(other, () -> {
                        worker.set(Thread.currentThread());
                        return "seen";
                    }))
                    .isEqualTo("seen");
        }

        assertThat(calls.calls()).containsExactly("open /other", "open /home", "enter 2", "enter 1", "enter 2");
        assertThat(worker.get()).isNotSameAs(Thread.currentThread());
    }

    @Test
    void comesBackAlsoFromWorkThatFails() throws IOException {
        NetworkNamespace other = open("/other");
        try (NamespaceThread thread = NamespaceThread.in(open("/home"), "test")) {
            assertThatThrownBy(() -> thread.visit(other, () -> {
                        throw new IOException("the work failed");
                    }))
                    .hasMessageContaining("the work failed");
        }

        assertThat(calls.calls()).endsWith("enter 1", "enter 2");
    }

    /** Whatever it did next would be done in the wrong place. */
    @Test
    void oneThatCannotComeBackWorksNoMore() throws IOException {
        NetworkNamespace other = open("/other");
        try (NamespaceThread thread = NamespaceThread.in(open("/home"), "test")) {
            calls.refuse("enter 2", EPERM);
            assertThatThrownBy(() -> thread.visit(other, () -> "seen")).isInstanceOf(IOException.class);

            assertThatThrownBy(() -> thread.visit(other, () -> "seen again"))
                    .hasMessageContaining("could not go back to its own network namespace");
        }
    }

    @Test
    void oneThatMayNotEnterIsNotMade() throws IOException {
        NetworkNamespace home = open("/home");
        calls.refuse("enter 1", EPERM);

        assertThatThrownBy(() -> NamespaceThread.in(home, "test")).isInstanceOf(SystemCallException.class);
    }
}
