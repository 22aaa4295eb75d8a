package dev.agentcontainers.localcluster.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.localcluster.process.ChildLauncher.Lifetime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnProcessesTest {

    @TempDir
    private Path folder;

    @BeforeEach
    void onlyOnLinux() {
        assumeTrue(Files.isDirectory(Path.of("/proc/self")), "needs Linux's /proc");
    }

    @Test
    void findsAProcessByItsNameAndItsArgumentOnly() throws IOException {
        String marker = "--data-dir=" + folder;
        Process process = ChildLauncher.start(sleeping("etcd", marker), Lifetime.WITH_THIS_JVM);
        try {
            await().until(() -> OwnProcesses.find("etcd", marker)
                    .filter(found -> found.pid() == process.pid())
                    .isPresent());
            await().until(() -> OwnProcesses.find("kube-apiserver", marker).isEmpty());
            assertThat(OwnProcesses.find("etcd", marker + "2")).isEmpty();
        } finally {
            process.destroyForcibly();
        }
        await().until(() -> OwnProcesses.find("etcd", marker).isEmpty());
    }

    @Test
    void findsAProcessWithALongCommandLine() throws IOException {
        String marker = "--data-dir=" + folder;
        Process process = ChildLauncher.start(sleeping("etcd", marker, "x".repeat(10_000)), Lifetime.WITH_THIS_JVM);
        try {
            await().until(() -> OwnProcesses.find("etcd", marker).isPresent());
        } finally {
            process.destroyForcibly();
        }
    }

    /** There is a moment in which a process has no command line: while the launcher's program becomes the one meant. */
    @Test
    void findsAProcessFromItsStartOn() throws IOException {
        String marker = "--data-dir=" + folder;
        ChildCommand command = sleeping("etcd", marker);
        for (int start = 0; start < 30; start++) {
            Process process = ChildLauncher.start(command, Lifetime.WITH_THIS_JVM);
            try {
                for (int look = 0; look < 5; look++) {
                    assertThat(OwnProcesses.find("etcd", marker))
                            .as("look %d after start %d", look, start)
                            .hasValueSatisfying(found -> assertThat(found.pid()).isEqualTo(process.pid()));
                }
            } finally {
                process.destroyForcibly().onExit().join();
            }
        }
    }

    /**
     * A copy of the shell under another name, which takes any arguments. It stops itself: to wait it would have a child, which has its
     * command line for a moment.
     */
    private ChildCommand sleeping(String name, String... arguments) throws IOException {
        Path executable = Files.copy(Path.of("/bin/sh").toRealPath(), folder.resolve(name));
        assertThat(executable.toFile().setExecutable(true)).isTrue();
        List<String> words =
                new ArrayList<>(List.of(executable.toString(), "-c", "while :; do kill -STOP $$; done", "sh"));
        words.addAll(List.of(arguments));
        return new ChildCommand(words, Map.of("PATH", "/usr/bin:/bin"), folder, folder.resolve("log"));
    }
}
