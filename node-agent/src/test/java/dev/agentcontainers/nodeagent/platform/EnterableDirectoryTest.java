package dev.agentcontainers.nodeagent.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class EnterableDirectoryTest {
    @TempDir
    private Path top;

    @BeforeEach
    void openTop() throws IOException {
        Files.setPosixFilePermissions(top, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    private Path closed(String name) throws IOException {
        Path path = Files.createDirectories(top.resolve(name));
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-x---"));
        return path;
    }

    @Test
    void whatIsMissingIsMadeWithAModeThatDoesNotDependOnTheUmask() throws Exception {
        EnterableDirectory.make(top.resolve("a/b/oci"));
        for (String made : new String[] {"a", "a/b", "a/b/oci"}) {
            assertThat(mode(top.resolve(made))).as(made).isEqualTo("rwx--x--x");
        }
    }

    @Test
    void ownDirectoriesThatAnUmaskHasClosedAreOpened() throws Exception {
        Path own = closed("agentcontainers");
        Path node = closed("agentcontainers/node-1");
        EnterableDirectory.make(node.resolve("oci"));
        assertThat(mode(own)).isEqualTo("rwxr-x--x");
        assertThat(mode(node)).isEqualTo("rwxr-x--x");
    }

    @Test
    void foreignDirectoriesAreLeftAloneAndNamed() throws Exception {
        Path foreign = closed("home");
        assertThatThrownBy(() -> EnterableDirectory.make(foreign.resolve("agentcontainers/oci")))
                .hasMessageContaining("chmod o+x " + foreign);
        assertThat(mode(foreign)).isEqualTo("rwxr-x---");
    }

    @Test
    void aGroupsDirectoryIsEnoughForItsMembers() throws Exception {
        Path theirs = closed("theirs");
        GroupPrincipal group =
                Files.readAttributes(theirs, PosixFileAttributes.class).group();

        EnterableDirectory.makeFor(group, theirs.resolve("sockets"));

        assertThat(mode(theirs)).isEqualTo("rwxr-x---");
        assertThat(mode(theirs.resolve("sockets"))).isEqualTo("rwx--x--x");
    }

    @Test
    void aDirectoryOfItsGroupThatOnlyOthersMayEnterIsNotEnough() throws Exception {
        Path theirs = closed("theirs");
        Files.setPosixFilePermissions(theirs, PosixFilePermissions.fromString("rwx-----x"));
        GroupPrincipal group =
                Files.readAttributes(theirs, PosixFileAttributes.class).group();

        assertThatThrownBy(() -> EnterableDirectory.makeFor(group, theirs))
                .hasMessageContaining("can't be entered by the group " + group.getName());
    }

    @Test
    void aDirectoryThatExistsKeepsItsModeUnlessItIsOursAndClosed() throws Exception {
        GroupPrincipal other =
                top.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByGroupName("daemon");
        Path own = closed("agentcontainers");
        Path foreign = Files.createDirectory(top.resolve("run"));
        Files.setPosixFilePermissions(foreign, PosixFilePermissions.fromString("rwxr-xr-x"));

        EnterableDirectory.makeFor(other, own);
        EnterableDirectory.makeFor(other, foreign);

        assertThat(mode(own)).isEqualTo("rwxr-x--x");
        assertThat(mode(foreign)).isEqualTo("rwxr-xr-x");
        assertThatThrownBy(() -> EnterableDirectory.makeFor(other, closed("home")))
                .hasMessageContaining("can't be entered by the group daemon; 'chmod o+x " + top.resolve("home"));
    }
}
