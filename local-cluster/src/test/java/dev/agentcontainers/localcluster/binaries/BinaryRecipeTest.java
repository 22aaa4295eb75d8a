package dev.agentcontainers.localcluster.binaries;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BinaryRecipeTest {

    private static final Platform LINUX = new Platform("linux", "amd64");

    @Test
    void namesVersionsAndPlatform() {
        assertThat(BinaryRecipe.pinned().key(LINUX))
                .matches("kubernetes-v1\\.37\\.2_etcd-v3\\.6\\.8_linux-amd64_[0-9a-f]{12}");
    }

    @Test
    void changesWithThePlatformAndWithAnyModuleFile() {
        BinaryRecipe pinned = BinaryRecipe.pinned();
        for (String file : pinned.moduleFiles().keySet()) {
            Map<String, String> changed = new HashMap<>(pinned.moduleFiles());
            changed.merge(file, "\n", String::concat);

            assertThat(BinaryRecipe.of(changed).key(LINUX)).as(file).isNotEqualTo(pinned.key(LINUX));
        }
        assertThat(pinned.key(new Platform("linux", "arm64"))).isNotEqualTo(pinned.key(LINUX));
        assertThat(BinaryRecipe.pinned().key(LINUX)).isEqualTo(pinned.key(LINUX));
    }

    @Test
    void pinsEveryModuleByChecksum() {
        assertThat(BinaryRecipe.pinned().moduleFiles().get("kubernetes/go.sum"))
                .contains("k8s.io/kubernetes v1.37.2 h1:");
        assertThat(BinaryRecipe.pinned().moduleFiles().get("etcd/go.sum"))
                .contains("go.etcd.io/etcd/server/v3 v3.6.8 h1:");
    }

    @Test
    void stampsTheVersionOnKubernetesOnly() {
        BinaryRecipe pinned = BinaryRecipe.pinned();

        assertThat(pinned.linkFlags(Target.ETCD)).isEqualTo("-s -w");
        assertThat(pinned.linkFlags(Target.API_SERVER))
                .contains("-X k8s.io/component-base/version.gitVersion=v1.37.2")
                .contains("-X k8s.io/component-base/version.gitMinor=37");
    }

    @Test
    void refusesAModuleThatDoesNotPin() {
        assertThatThrownBy(() -> BinaryRecipe.of(Map.of("kubernetes/go.mod", "module x\n")))
                .hasMessage("kubernetes/go.mod has no line \"require k8s.io/kubernetes v…\"");
    }

    @Test
    void speaksOfPlatformsAsGoDoes() {
        assertThat(Platform.of("Linux", "amd64")).hasToString("linux-amd64");
        assertThat(Platform.of("Mac OS X", "aarch64")).hasToString("darwin-arm64");
        assertThat(Platform.of("Windows Server 2025", "amd64")).hasToString("windows-amd64");
    }
}
