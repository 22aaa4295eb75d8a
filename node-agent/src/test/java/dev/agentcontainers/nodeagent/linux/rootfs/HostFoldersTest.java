package dev.agentcontainers.nodeagent.linux.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostFoldersTest {
    private static final HostFolders FOLDERS = HostFolders.of(
                    List.of("/srv/data", "/srv/data/inbox:rw", "/srv/models:ro", "/srv/keys", "/var:rw"))
            .without(List.of(Path.of("/opt/state"), Path.of("/srv/keys/agent")));

    @ParameterizedTest
    @CsvSource({
        "/srv/data, false",
        "/srv/data/a/b, false",
        "/srv/models, false",
        "/srv/data/inbox, true",
        "/srv/data/inbox/a, true",
        "/var/tmp, true"
    })
    void whatIsInAnAllowedFolderIsGiven(String path, boolean writable) {
        assertThat(FOLDERS.refusal(path, writable)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /mnt                  | false | is in no folder of this node's that agents may be given; the node agent's setting
            /srv/database         | false | agentcontainers.node.host-mounts names them, for example /srv/database
            /home                 | true  | for example /home:rw
            /srv/data             | true  | with /srv/data:rw in the node agent's setting
            /srv/models/a         | true  | is in /srv/models, which agents may only read here
            /srv/data/../../etc   | false | without '.' and '..'
            srv/data              | false | must be an absolute path
            /srv/data/a\0b        | false | must be an absolute path
            /                     | false | must be an absolute path other than /
            /opt/state/secret     | false | is in /opt/state, which no agent gets
            /srv/keys             | false | is, holds or is in /srv/keys/agent, which no agent gets
            /var                  | true  | which no agent gets
            /var/lib              | true  | which no agent gets
            /var/run/docker.sock  | true  | is in /var/run, which no agent gets
            /var/lib/kubelet/pods | true  | is in /var/lib/kubelet, which no agent gets
            """)
    void anythingElseIsRefusedAndSaysWhatWouldAllowIt(String path, boolean writable, String says) {
        assertThat(FOLDERS.refusal(path, writable))
                .hasValueSatisfying(refusal -> assertThat(refusal).contains(says));
    }

    @Test
    void nothingIsGivenUnlessItIsAllowed() {
        assertThat(HostFolders.NONE.refusal("/srv", false))
                .hasValueSatisfying(refusal -> assertThat(refusal).contains("is in no folder of this node's"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "srv",
                "/srv/",
                "/srv/..",
                "/a/./b",
                ":rw",
                "/srv:rx",
                "/srv:",
                "",
                "/proc",
                "/sys/fs/cgroup:rw",
                "/dev",
                "/run/user"
            })
    void aWrongSettingIsNamed(String setting) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HostFolders.of(List.of(setting)))
                .withMessageStartingWith("agentcontainers.node.host-mounts: '" + setting + "'");
    }

    @Test
    void aFolderWithAColonInItsNameIsGivenByItsMode() {
        HostFolders folders = HostFolders.of(List.of("/srv/a:b:ro"));

        assertThat(folders.allowed()).containsExactly(new HostFolders.Allowed(Path.of("/srv/a:b"), false));
    }
}
