package dev.agentcontainers.nodeagent.linux.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.linux.rootfs.RootfsPlan.Operation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RootfsBuilderTest {
    @TempDir
    Path root;

    private final RecordingMounts mounts = new RecordingMounts();
    private final RootfsBuilder.Parameters parameters =
            new RootfsBuilder.Parameters(path -> Path.of("/store" + path), HostFolders.NONE, 5000, 8192, 4096);

    private void build(RootfsPlan plan) throws IOException {
        new RootfsBuilder(mounts).build(plan, root, parameters);
    }

    @Test
    void theTreeIsMadeThenSealedThenMountedOver() throws IOException {
        build(new RootfsPlan(
                List.of(
                        new Operation.Directory("/etc", 0755),
                        new Operation.File("/etc/hostname", "x\n", 0444),
                        new Operation.Link("/bin", "usr/bin"),
                        new Operation.Show("/usr", true)),
                List.of(new RootMount.Workspace("/etc", Optional.empty(), "/w", false)),
                List.of()));
        assertThat(Files.readString(root.resolve("etc/hostname"))).isEqualTo("x\n");
        assertThat(Files.readSymbolicLink(root.resolve("bin"))).hasToString("usr/bin");
        assertThat(mounts.calls)
                .containsExactly(
                        "tmpfs agentcontainers " + root + " mode=0755,noswap",
                        "none /usr " + root + "/usr ",
                        "attributes " + root + "/** 7",
                        "none /store/w " + root + "/etc ",
                        "attributes " + root + "/etc 6",
                        "attributes " + root + "/etc 7");
    }

    /** Otherwise Secrets would be written to the disk below. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aFilesystemInMemoryThatCannotBeMountedEndsIt(boolean knowsNoswap) {
        mounts.knowsNoswap = knowsNoswap;
        mounts.hasMemory = false;
        assertThatThrownBy(() -> build(new RootfsPlan(List.of(), List.of(), List.of())))
                .hasMessageContaining("mount a tmpfs at " + root);
    }

    @Test
    void insideAnotherMountEachStepIsTakenWithoutLinks() throws IOException {
        build(new RootfsPlan(List.of(), List.of(new RootMount.Denied("/w/a/b", Optional.of("/w"))), List.of()));
        assertThat(mounts.calls)
                .containsSequence(
                        "open " + root + "/w",
                        "make in a",
                        "open in a",
                        "own 5000",
                        "make in b",
                        "open in b",
                        "own 5000",
                        "tmpfs agentcontainers /proc/thread-self/fd/6 mode=0000,size=4096,nr_inodes=64,noswap");
    }

    @Test
    void aMomentarilyBusyMountIsTriedAgain() throws IOException {
        mounts.busyAnswers = 3;
        build(new RootfsPlan(List.of(), List.of(), List.of()));
        assertThat(mounts.calls).contains("attributes " + root + "/** 7");
    }

    @Test
    void kernelsWithoutNoswapGetPlainMemory() throws IOException {
        mounts.knowsNoswap = false;
        build(new RootfsPlan(List.of(), List.of(), List.of()));
        assertThat(mounts.calls).contains("tmpfs agentcontainers " + root + " mode=0755");
    }
}
