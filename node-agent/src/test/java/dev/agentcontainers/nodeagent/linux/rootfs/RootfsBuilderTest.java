package dev.agentcontainers.nodeagent.linux.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.linux.rootfs.RootfsPlan.Operation;
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
    private final RootfsBuilder.Parameters parameters = new RootfsBuilder.Parameters(
            path -> Path.of("/store" + path),
            HostFolders.NONE,
            (layers, target) -> mounts.calls.add("image " + layers + " " + target),
            5000,
            8192,
            4096);

    private void build(RootfsPlan plan) throws Exception {
        new RootfsBuilder(mounts).build(plan, root, parameters);
    }

    @Test
    void theTreeIsMadeThenSealedThenMountedOver() throws Exception {
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

    private static final RootMount IMAGE =
            new RootMount.ImageFiles("/data", Optional.empty(), List.of(Path.of("/layers/0")));

    private static RootfsPlan over(RootMount... mounts) {
        return new RootfsPlan(List.of(), List.of(mounts), List.of());
    }

    @Test
    void anImageIsMountedAndSealed() throws Exception {
        new RootfsBuilder(mounts).mountOver(over(IMAGE), root, parameters);

        assertThat(mounts.calls)
                .containsExactly(
                        "image [/layers/0] " + root + "/data",
                        "attributes " + root + "/data 6",
                        "attributes " + root + "/data 7");
    }

    /** Nothing can be made in it, so what stands there needs a directory of the image's, which is found without links. */
    @Test
    void aMountInAnImageNeedsADirectoryOfIt() {
        mounts.missing = -20;
        assertThatThrownBy(() -> new RootfsBuilder(mounts)
                        .mountOver(
                                over(IMAGE, new RootMount.Workspace("/data/in", Optional.of("/data"), "/w", true)),
                                root,
                                parameters))
                .hasMessageContaining("spec.filesystem.mounts: path '/data/in' stands in the image at '/data'");
        assertThat(mounts.calls).noneMatch(call -> call.startsWith("make in") || call.contains("/store/w"));
    }

    @Test
    void whatIsNotInAnImageNeedsNoDenial() throws Exception {
        mounts.missing = -2;
        RootMount denied = new RootMount.Denied("/data/in", Optional.of("/data"));
        new RootfsBuilder(mounts).mountOver(over(IMAGE, denied), root, parameters);
        assertThat(mounts.calls).noneMatch(call -> call.contains("tmpfs"));

        RootMount inner = new RootMount.Workspace("/data/in/work", Optional.of("/data/in"), "/w", true);
        assertThatThrownBy(() -> new RootfsBuilder(mounts).mountOver(over(IMAGE, denied, inner), root, parameters))
                .hasMessageContaining("'/data/in/work' stands in '/data/in', which is denied");

        mounts.missing = -20;
        assertThatThrownBy(() -> new RootfsBuilder(mounts).mountOver(over(IMAGE, denied), root, parameters))
                .hasMessageContaining("a file or link is none");
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
    void insideAnotherMountEachStepIsTakenWithoutLinks() throws Exception {
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
    void aMomentarilyBusyMountIsTriedAgain() throws Exception {
        mounts.busyAnswers = 3;
        build(new RootfsPlan(List.of(), List.of(), List.of()));
        assertThat(mounts.calls).contains("attributes " + root + "/** 7");
    }

    @Test
    void kernelsWithoutNoswapGetPlainMemory() throws Exception {
        mounts.knowsNoswap = false;
        build(new RootfsPlan(List.of(), List.of(), List.of()));
        assertThat(mounts.calls).contains("tmpfs agentcontainers " + root + " mode=0755");
    }
}
