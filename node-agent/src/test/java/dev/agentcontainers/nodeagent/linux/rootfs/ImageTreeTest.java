package dev.agentcontainers.nodeagent.linux.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;

import dev.agentcontainers.nodeagent.linux.rootfs.RootfsPlanner.Replacements;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageTreeTest {
    private static final String TRUST = "/etc/agentcontainers/trust";

    @TempDir
    Path folder;

    private Path root;
    private long owner;

    @BeforeEach
    void makeRoot() throws IOException {
        root = Files.createDirectory(folder.resolve("root"));
        owner = (Integer) Files.getAttribute(root, "unix:uid");
    }

    private void file(String path, String content) throws IOException {
        Files.createDirectories(root.resolve(path).getParent());
        Files.writeString(root.resolve(path), content);
    }

    private void link(String path, String target) throws IOException {
        Files.createDirectories(root.resolve(path).getParent());
        Files.createSymbolicLink(root.resolve(path), Path.of(target));
    }

    private static ResolvedMount workspace(String path) {
        return new ResolvedMount.Workspace(path, true);
    }

    private static ResolvedMount secret(String path) {
        return new ResolvedMount.Files(path, Map.of("key", new byte[] {1}), true);
    }

    private static ResolvedMount denied(String path) {
        return new ResolvedMount.Denied(path);
    }

    private RootfsPlan prepare(ResolvedMount... mounts) throws IOException, SandboxException {
        Replacements own = new Replacements(Map.of("/etc/hosts", "own"), Map.of(TRUST, "/host/trust"));
        return new ImageTree(root, owner).prepare(List.of(mounts), own, "/home/agent");
    }

    private void refused(String says, ResolvedMount... mounts) {
        assertThatThrownBy(() -> prepare(mounts))
                .isInstanceOf(SandboxException.class)
                .hasMessageContaining(says);
    }

    @Test
    void makesThePlacesAndTheAgentsOwnFiles() throws Exception {
        RootfsPlan plan = prepare(workspace("/data/space"), secret("/data/space/secret"));

        assertThat(plan.mounts())
                .extracting(RootMount::path, RootMount::within)
                .containsExactly(
                        tuple(TRUST, Optional.empty()),
                        tuple("/data/space", Optional.empty()),
                        tuple("/data/space/secret", Optional.of("/data/space")));
        assertThat(root.resolve("data/space")).isEmptyDirectory();
        assertThat(root.resolve("home/agent")).isEmptyDirectory();
        assertThat(root.resolve("etc/hosts")).hasContent("own");
    }

    @Test
    void linksLeadInsideOfTheImageHoweverFarUpTheyGo() throws Exception {
        Path outside = Files.createDirectory(folder.resolve("outside"));
        Path target = Files.writeString(outside.resolve("hosts"), "of the host");
        link("etc/hosts", "../../outside/hosts");
        link("up", "../../../../..");
        link("absolute", outside.toString());

        RootfsPlan plan = prepare(workspace("/up/a"), workspace("/absolute/b"));

        assertThat(plan.mounts()).extracting(RootMount::path).contains("/a", outside + "/b");
        assertThat(Path.of(root + outside.toString() + "/b")).isEmptyDirectory();
        assertThat(target).hasContent("of the host");
        assertThat(outside).isDirectoryNotContaining("glob:**/b");
        assertThat(root.resolve("etc/hosts")).isRegularFile().hasContent("own");
        assertThat(Files.isSymbolicLink(root.resolve("etc/hosts"))).isFalse();
    }

    /** By the manifest's paths the inner one would come first and be covered, or lead through what the agent made. */
    @Test
    void mountsAreNestedByWhereTheyReallyStand() throws Exception {
        Files.createDirectories(root.resolve("srv/app"));
        link("app", "srv/app");

        RootfsPlan plan = prepare(secret("/app"), workspace("/srv"));

        assertThat(plan.mounts())
                .extracting(RootMount::path, RootMount::within)
                .endsWith(tuple("/srv", Optional.empty()), tuple("/srv/app", Optional.of("/srv")));
    }

    @Test
    void whatIsDeniedByALinkIsDeniedInTheMountThatItLeadsTo() throws Exception {
        Files.createDirectories(root.resolve("var/lib/app/creds"));
        link("creds", "/var/lib/app/creds");

        RootfsPlan plan = prepare(secret("/var/lib/app/creds"), denied("/creds/root.key"));

        assertThat(plan.mounts())
                .endsWith(new RootMount.Denied("/var/lib/app/creds/root.key", Optional.of("/var/lib/app/creds")));
    }

    @Test
    void deniedFilesAreGoneAndDeniedFoldersAreCovered() throws Exception {
        file("private/file", "x");
        file("etc/token", "x");
        link("etc/link", "token");

        RootfsPlan plan = prepare(denied("/private"), denied("/etc/link"), denied("/not/there"));

        assertThat(plan.mounts()).contains(new RootMount.Denied("/private", Optional.empty()));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root.resolve("etc/token"))))
                .isEqualTo("---------");
        assertThat(Files.size(root.resolve("etc/token"))).isZero();
        assertThat(root.resolve("not")).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource({
        "/etc/agentcontainers/trust,        ''",
        "/etc/agentcontainers/trust/x,      ''",
        "/opt,                              /opt",
        "/opt/x,                            /opt",
    })
    void noMountStandsInTheNodesOwnFolder(String path, String trustLeadsTo) throws Exception {
        if (!trustLeadsTo.isEmpty()) {
            Files.createDirectories(root.resolve("opt"));
            link(TRUST.substring(1), trustLeadsTo);
        }
        refused("whom to trust", workspace(path));
        refused("whom to trust", denied(path));
    }

    @ParameterizedTest
    @CsvSource({"/etc", "/etc/agentcontainers"})
    void aMountOverTheNodesOwnFolderTakesItsPlace(String path) throws Exception {
        assertThat(prepare(workspace(path)).mounts())
                .extracting(RootMount::path)
                .containsExactly(path);
    }

    @Test
    void whatTheImageCannotHaveIsRefusedWithItsPath() throws Exception {
        file("data", "a file");
        link("loop", "loop");
        link("to-proc", "/proc");
        link("to-root", "/");
        Files.createDirectories(root.resolve("there"));
        link("again", "there");

        refused("'/data/space' needs the directory /data, which is a file", workspace("/data/space"));
        refused("'/loop/x' leads over more than 40 links", workspace("/loop/x"));
        refused("'/to-proc/sys' leads to /proc/sys, which belongs to the kernel", workspace("/to-proc/sys"));
        refused("'/to-root' leads to the image's root itself", workspace("/to-root"));
        refused("where '/again' stands already", workspace("/again"), workspace("/there"));
    }

    /** What can't be looked at must not pass for what is not there: a denied path would be seen. */
    @Test
    void aLinkThatCannotBeFollowedIsNotTakenForNothing() throws Exception {
        String segment = "d".repeat(250);
        String deep = String.join("/", Collections.nCopies(16, segment)) + "/" + "e".repeat(70);
        link("private", deep);

        assertThatThrownBy(() -> prepare(denied("/private/file"))).isInstanceOf(IOException.class);
    }

    @Test
    void theImagesOwnWorkingDirectoryMayNotBeTheKernels() throws Exception {
        link("home/agent", "/proc/self/fd");
        refused("'/home/agent' is the working directory and leads to /proc/self/fd");
    }

    @Test
    void aTrustPlaceThatLeadsToTheKernelIsRefused() throws Exception {
        link(TRUST.substring(1), "/proc");
        refused("leads to /proc, which belongs to the kernel");
        Files.delete(root.resolve(TRUST.substring(1)));
        link(TRUST.substring(1), "/");
        refused("the image's root itself");
        assertThat(Files.exists(root.resolve("etc/hosts"), LinkOption.NOFOLLOW_LINKS))
                .isTrue();
    }

    @Test
    void anOwnFileThatIsADirectoryInTheImageIsRefused() throws Exception {
        Files.createDirectories(root.resolve("etc/hosts/deep"));
        refused("'/etc/hosts' is the agent's own file, but a directory in the image");
    }
}
