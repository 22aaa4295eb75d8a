package dev.agentcontainers.nodeagent.linux.landlock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.program.RestrictedStart.Rule;
import dev.agentcontainers.nodeagent.linux.rootfs.RootMount;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LandlockTest {
    private static final long TO_WRITE = 0x37bf;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            -38 | has no Landlock
            -95 | was started without Landlock
            1   | version 2, of Linux 5.19, is needed
            """)
    void aKernelWithoutIsSaidToBe(int answer, String reason) throws SystemCallException {
        assertThat(Landlock.of(answer))
                .isInstanceOfSatisfying(
                        Landlock.Missing.class,
                        missing -> assertThat(missing.note())
                                .startsWith("agents of the driver process are kept to their files by mounts alone: ")
                                .contains(reason));
    }

    @Test
    void aKernelWithItHasItsVersion() throws SystemCallException {
        assertThat(Landlock.of(2)).isEqualTo(new Landlock.Available(2));
        assertThat(Landlock.of(7)).isEqualTo(new Landlock.Available(7));
    }

    /** A filter of system calls around the node agent, for example: nobody knows whether agents could be restricted. */
    @Test
    void anAnswerThatSaysNothingIsNotTakenForAKernelWithout() {
        assertThatThrownBy(() -> Landlock.of(-1)).isInstanceOf(SystemCallException.class);
    }

    @ParameterizedTest
    @CsvSource({"2, 3fff", "3, 7fff", "4, 7fff", "5, ffff", "7, ffff", "90, ffff"})
    void whatIsGivenAwayFollowsTheVersion(int version, String rights) {
        FileFence fence = new FileFence(version);
        assertThat(Long.toHexString(fence.handled())).isEqualTo(rights);
        assertThat(fence.rules(List.of(new RootMount.Temporary("/tmp"))))
                .allSatisfy(rule -> assertThat(rule.rights() & ~fence.handled()).isZero());
    }

    @Test
    void onlyWhatIsMountedToBeWrittenToIsWritten() {
        List<RootMount> mounts = List.of(
                new RootMount.Temporary("/tmp"),
                new RootMount.Workspace("/workspace", Optional.empty(), "/workspace", true),
                new RootMount.Workspace("/kept", Optional.empty(), "/kept", false),
                new RootMount.HostDirectory("/models", Optional.empty(), "/srv/models", false),
                new RootMount.HostDirectory("/inbox", Optional.empty(), "/srv/inbox", true),
                new RootMount.Files("/secret", Optional.empty(), Map.of(), true),
                new RootMount.Denied("/denied", Optional.empty()),
                new RootMount.ImageFiles("/image", Optional.empty(), List.of()));

        assertThat(new FileFence(2).rules(mounts))
                .containsExactly(
                        new Rule("/", 0xd),
                        new Rule("/proc", 0x2),
                        new Rule("/dev", TO_WRITE),
                        new Rule("/dev/mqueue", TO_WRITE),
                        new Rule("/dev/null", 0x6),
                        new Rule("/tmp", TO_WRITE),
                        new Rule("/workspace", TO_WRITE),
                        new Rule("/inbox", TO_WRITE));
    }

    /** The agent could move the directory that it stands in, and no exec would find it. */
    @Test
    void whatStandsInSomethingWritableHasNoRuleOfItsOwn() {
        List<RootMount> mounts = List.of(
                new RootMount.Workspace("/workspace", Optional.empty(), "/workspace", true),
                new RootMount.Memory("/workspace/a/cache", Optional.of("/workspace"), 4096),
                new RootMount.Memory("/workspaces", Optional.empty(), 4096));

        assertThat(new FileFence(7).rules(mounts))
                .extracting(Rule::path)
                .contains("/workspace", "/workspaces")
                .doesNotContain("/workspace/a/cache");
    }
}
