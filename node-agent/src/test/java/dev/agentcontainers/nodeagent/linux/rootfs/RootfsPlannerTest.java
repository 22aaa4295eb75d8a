package dev.agentcontainers.nodeagent.linux.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.linux.rootfs.RootfsPlan.Operation;
import dev.agentcontainers.nodeagent.linux.rootfs.RootfsPlanner.Replacements;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.Denied;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.Files;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.Workspace;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RootfsPlannerTest {
    private static final String[] HOST = {
        "/bin -> usr/bin",
        "/lib -> usr/lib",
        "/etc/",
        "/etc/passwd",
        "/etc/shadow !",
        "/etc/machine-id",
        "/etc/resolv.conf -> ../run/resolv.conf",
        "/etc/ssh/",
        "/etc/ssh/ssh_config",
        "/etc/ssh/ssh_host_rsa_key",
        "/etc/private/ !",
        "/etc/control =",
        "/opt/",
        "/opt/tool/",
        "/opt/tool/run",
        "/usr/",
        "/usr/bin/",
        "/usr/bin/sh",
        "/usr/lib/",
        "/usr/local/",
        "/usr/net/",
        "/var/",
        "/root/",
        "/srv -> /usr/bin"
    };

    private static final Replacements NONE = new Replacements(Map.of(), Map.of());

    private static final HostRoot HOST_ROOT = HostRoot.DEFAULT.with(List.of("/opt"));

    private static RootfsPlan plan(List<String> mountinfo, ResolvedMount... mounts) throws SandboxException {
        return new RootfsPlanner(new FakeHostTree(HOST), MountTable.parse(mountinfo), HOST_ROOT)
                .plan(List.of(mounts), new Replacements(Map.of("/etc/resolv.conf", "# none\n"), Map.of()), "/");
    }

    private static RootfsPlan plan(ResolvedMount... mounts) throws SandboxException {
        return plan(List.of(), mounts);
    }

    /** Operations at or below a path, short. */
    private static List<String> at(RootfsPlan plan, String prefix) {
        return plan.tree().stream()
                .filter(operation -> operation.path().equals(prefix)
                        || operation.path().startsWith(prefix.equals("/") ? "/" : prefix + "/"))
                .map(operation -> switch (operation) {
                    case Operation.Directory directory ->
                        "dir " + directory.path() + (directory.mode() == 0 ? " closed" : "");
                    case Operation.File file -> "file " + file.path() + (file.mode() == 0 ? " closed" : "");
                    case Operation.Program program -> "program " + program.path();
                    case Operation.Link link -> "link " + link.path() + " " + link.target();
                    case Operation.Show show -> "show " + show.path();
                    case Operation.ShowMount mount -> "mount " + mount.path();
                })
                .toList();
    }

    private static String mountinfo(String path, String type) {
        return "40 27 8:1 / " + path + " rw,relatime shared:1 - " + type + " /dev/x rw";
    }

    @Test
    void onlyShownPathsOfTheHostAreThere() throws SandboxException {
        assertThat(at(plan(), "/"))
                .contains(
                        "link /bin usr/bin",
                        "link /lib usr/lib",
                        "show /opt",
                        "show /usr",
                        "dir /var",
                        "dir /root",
                        "dir /srv")
                .doesNotContain("show /var", "show /root");
        assertThat(at(plan(), "/usr")).containsExactly("show /usr");
    }

    @Test
    void secretsAndWhatOthersMayNotReadAreLeftOutOfEtc() throws SandboxException {
        assertThat(at(plan(), "/etc"))
                .containsExactly(
                        "dir /etc",
                        "show /etc/passwd",
                        "file /etc/resolv.conf",
                        "dir /etc/ssh",
                        "show /etc/ssh/ssh_config");
    }

    @Test
    void aFolderOfAnotherPlaceStandsWhereItIsToBeSeen() throws SandboxException {
        RootfsPlan plan = new RootfsPlanner(new FakeHostTree(HOST), MountTable.parse(List.of()), HOST_ROOT)
                .plan(
                        List.of(new Denied("/etc/ssh")),
                        new Replacements(Map.of(), Map.of("/etc/own/trust", "/state/a", "/etc/ssh", "/state/ssh")),
                        "/");
        assertThat(plan.tree())
                .contains(
                        new Operation.Directory("/etc/own", 0755),
                        new Operation.Show("/etc/own/trust", "/state/a", true));
        assertThat(at(plan, "/etc/ssh")).as("what is denied stays denied").containsExactly("dir /etc/ssh closed");
    }

    @Test
    void aMountWhereNothingExistsLeavesTheRestOfItsDirectory() throws SandboxException {
        RootfsPlan plan = plan(new Files("/opt/agent", Map.of(), false));
        assertThat(at(plan, "/opt")).containsExactly("dir /opt", "dir /opt/agent", "show /opt/tool");
        assertThat(plan.mounts()).extracting(RootMount::path).containsExactly("/tmp", "/opt/agent");
    }

    @Test
    void aMountOverALinkGoesWhereTheLinkLeads() throws SandboxException {
        RootfsPlan plan = plan(new Workspace("/lib/data", true));
        assertThat(plan.mounts()).extracting(RootMount::path).contains("/usr/lib/data");
        assertThat(at(plan, "/lib")).containsExactly("link /lib usr/lib");
    }

    @Test
    void deniedDirectoriesFilesAndNothing() throws SandboxException {
        RootfsPlan plan = plan(
                new Denied("/opt/tool"), new Denied("/usr/bin/sh"), new Denied("/opt/none/deep"), new Denied("/var/x"));
        assertThat(at(plan, "/opt")).containsExactly("dir /opt", "dir /opt/tool closed");
        assertThat(at(plan, "/usr/bin")).containsExactly("dir /usr/bin", "file /usr/bin/sh closed");
        assertThat(at(plan, "/var")).containsExactly("dir /var", "link /var/run ../run", "link /var/tmp ../tmp");
        assertThat(plan.mounts()).extracting(RootMount::path).containsExactly("/tmp");
    }

    @Test
    void aDeniedLinkDeniesWhatItLeadsTo() throws SandboxException {
        RootfsPlan plan = plan(new Denied("/bin"));
        assertThat(at(plan, "/usr/bin")).containsExactly("dir /usr/bin closed");
        assertThat(at(plan, "/bin")).containsExactly("link /bin usr/bin");
    }

    @Test
    void mostSpecificWinsWhateverTheOrder() throws SandboxException {
        ResolvedMount[] mounts = {
            new Denied("/workspace/closed"),
            new Workspace("/workspace", true),
            new Files("/workspace/closed/in", Map.of(), false)
        };
        RootfsPlan plan = plan(mounts);
        assertThat(plan.mounts())
                .extracting(RootMount::path)
                .containsExactly("/tmp", "/workspace", "/workspace/closed", "/workspace/closed/in");
        assertThat(plan.mounts().get(2).within()).contains("/workspace");
        RootfsPlan reversed = plan(Arrays.asList(mounts).reversed().toArray(ResolvedMount[]::new));
        assertThat(reversed.mounts())
                .extracting(RootMount::path)
                .isEqualTo(plan.mounts().stream().map(RootMount::path).toList());
    }

    @Test
    void ownTmpReplacesTheDefault() throws SandboxException {
        assertThat(plan(new Workspace("/tmp", true)).mounts()).singleElement().isInstanceOf(RootMount.Workspace.class);
        assertThat(plan(new Workspace("/tmp/in", true)).mounts()).hasSize(2);
    }

    @Test
    void localFilesystemsBelowShownPathsAreShownAndOthersAreNot() throws SandboxException {
        List<String> mounted = List.of(
                mountinfo("/usr/local", "ext4"),
                mountinfo("/usr/net", "nfs4"),
                mountinfo("/var/lib", "xfs"),
                mountinfo("/usr/with\\040space", "btrfs"));
        assertThat(at(plan(mounted), "/usr")).containsExactly("show /usr", "mount /usr/local", "mount /usr/with space");
    }

    @Test
    void aShownPathThatIsANetworkMountIsEmpty() throws SandboxException {
        assertThat(at(plan(List.of(mountinfo("/opt", "fuse.sshfs"))), "/opt")).containsExactly("dir /opt");
    }

    @Test
    void pathsOfTheKernelAreMaskedOrRefused() throws SandboxException {
        assertThat(plan(new Denied("/proc/cpuinfo")).masked()).containsExactly("/proc/cpuinfo");
        for (ResolvedMount wrong :
                List.of(new Workspace("/proc/x", true), new Files("/sys", Map.of(), false), new Denied("/dev"))) {
            assertThatThrownBy(() -> plan(wrong)).hasMessageContaining("spec.filesystem.mounts: path '" + wrong.path());
        }
    }

    @Test
    void aMountBelowAFileIsRefused() {
        assertThatThrownBy(() -> plan(new Workspace("/etc/passwd/x", true)))
                .hasMessageContaining("leads through /etc/passwd, which is a file");
    }

    @Test
    void linksInACircleAreRefused() {
        FakeHostTree host = new FakeHostTree("/opt/", "/opt/a -> b", "/opt/b -> a");
        assertThatThrownBy(() -> new RootfsPlanner(host, new MountTable(List.of()), HOST_ROOT)
                        .plan(List.of(new Workspace("/opt/a/x", true)), NONE, "/"))
                .hasMessageContaining("too many links");
    }

    @Test
    void linksThatClimbOutStayInTheRoot() throws SandboxException {
        FakeHostTree host = new FakeHostTree("/opt/", "/opt/out -> ../../../../usr");
        RootfsPlan plan = new RootfsPlanner(host, new MountTable(List.of()), HOST_ROOT)
                .plan(List.of(new Workspace("/opt/out/x", true)), NONE, "/");
        assertThat(plan.mounts()).extracting(RootMount::path).contains("/usr/x");
    }

    @Test
    void theWorkingDirectoryExists() throws SandboxException {
        RootfsPlan plan = new RootfsPlanner(new FakeHostTree(HOST), new MountTable(List.of()), HOST_ROOT)
                .plan(List.of(), NONE, "/opt/work/deep");
        assertThat(at(plan, "/opt"))
                .containsExactly("dir /opt", "show /opt/tool", "dir /opt/work", "dir /opt/work/deep");
    }

    @Test
    void optionalSoftwareIsShownOnlyWhereTheNodeIsSetUpSo() throws Exception {
        RootfsPlan plan = new RootfsPlanner(new FakeHostTree(HOST), new MountTable(List.of()), HostRoot.DEFAULT)
                .plan(List.of(), NONE, "/");
        assertThat(at(plan, "/")).contains("dir /opt").doesNotContain("show /opt", "show /opt/tool");
    }

    @Test
    void aSocketDeepInAShownDirectoryIsLeftOut() throws Exception {
        RootfsPlan plan = new RootfsPlanner(
                        new FakeHostTree(HOST), new MountTable(List.of()), HOST_ROOT.without(List.of("/opt/tool/run")))
                .plan(List.of(), NONE, "/");
        assertThat(at(plan, "/")).contains("dir /opt", "dir /opt/tool").doesNotContain("show /opt/tool/run");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"/", "opt", "", "/opt/", "/opt/../etc", "/opt/./x", "//opt", "/proc", "/sys/fs", "/dev/shm"})
    void whatCanNotBeShownIsNamedWithItsSetting(String path) {
        assertThatThrownBy(() -> HostRoot.DEFAULT.with(List.of(path)))
                .hasMessageStartingWith("agentcontainers.node.host-paths: '" + path + "'");
    }

    /** What stood in its place would be run instead of it. */
    @Test
    void nothingStandsWhereAProgramOfTheRootsOwnIs() throws SandboxException {
        Operation.Program program = new Operation.Program("/.own", new byte[] {1});
        assertThat(at(plan().with(program), "/.own")).containsExactly("program /.own");
        for (String path : List.of("/.own", "/.own/below")) {
            assertThatThrownBy(() -> plan(new Workspace(path, true)).with(program))
                    .isInstanceOf(SandboxException.class)
                    .hasMessageContaining("spec.filesystem.mounts, spec.workingDirectory: '/.own'");
        }
    }
}
