package dev.agentcontainers.localcluster.selection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.localcluster.MissingPrerequisiteException;
import dev.agentcontainers.localcluster.binaries.ControlPlaneBinaries;
import dev.agentcontainers.localcluster.binaries.GoToolchain;
import dev.agentcontainers.localcluster.binaries.Platform;
import dev.agentcontainers.localcluster.selection.HostEnvironment.Assets;
import dev.agentcontainers.localcluster.selection.HostEnvironment.Kubeconfig;
import dev.agentcontainers.localcluster.selection.ProviderSelection.Request;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ProviderSelectionTest {

    private static final Platform LINUX = new Platform("linux", "amd64");
    private static final Kubeconfig KUBECONFIG = new Kubeconfig(Path.of("/home/ada/.kube/config"), true);
    private static final Kubeconfig NO_KUBECONFIG = new Kubeconfig(Path.of("/home/ada/.kube/config"), false);
    private static final ControlPlaneBinaries BINARIES = new ControlPlaneBinaries(Path.of("/assets"));
    private static final Assets ASSETS = new Assets(BINARIES, List.of());
    private static final Assets INCOMPLETE = new Assets(BINARIES, List.of("kube-controller-manager"));
    private static final ControlPlaneBinaries BUILT = new ControlPlaneBinaries(Path.of("/cache"));
    private static final GoToolchain GO = new GoToolchain(Path.of("/usr/local/go/bin/go"), 26);
    private static final GoToolchain OLDER_GO = new GoToolchain(Path.of("/usr/bin/go"), 24);
    private static final GoToolchain TOO_OLD_GO = new GoToolchain(Path.of("/usr/bin/go"), 19);
    private static final String ENGINE = "unix:///var/run/docker.sock";

    private static final Request TEMPORARY = new Request(false, false);
    private static final Request CONFIGURED = new Request(false, true);
    private static final Request PERSISTENT = new Request(true, true);

    private static final HostEnvironment NOTHING = new HostEnvironment(
            LINUX,
            Optional.empty(),
            NO_KUBECONFIG,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());

    private static final HostEnvironment EVERYTHING = new HostEnvironment(
            LINUX,
            Optional.empty(),
            KUBECONFIG,
            Optional.of(ASSETS),
            Optional.of(ENGINE),
            Optional.of(BUILT),
            Optional.of(GO));

    static Stream<Arguments> choices() {
        Selection.Existing existing = new Selection.Existing(KUBECONFIG.path());
        Selection.Binaries assets = new Selection.Binaries(BINARIES);
        Selection.Binaries built = new Selection.Binaries(BUILT);
        Selection.Kind kind = new Selection.Kind(ENGINE);
        HostEnvironment withoutAssets = with(EVERYTHING, "", Optional.empty(), Optional.of(ENGINE));
        return Stream.of(
                Arguments.of("an existing cluster isn't used unasked", EVERYTHING, TEMPORARY, assets),
                Arguments.of("an existing cluster is used when told to", forced("existing"), TEMPORARY, existing),
                Arguments.of("Kind goes before built binaries", withoutAssets, TEMPORARY, kind),
                Arguments.of("Kind can't be configured", withoutAssets, CONFIGURED, built),
                Arguments.of("Kind can't outlive this process", withoutAssets, PERSISTENT, built),
                Arguments.of("one provider by variable: kind", forced("kind"), CONFIGURED, kind),
                Arguments.of("one provider by variable: built", forced("built"), TEMPORARY, built),
                Arguments.of(
                        "incomplete assets are passed over",
                        with(EVERYTHING, "", Optional.of(INCOMPLETE), Optional.empty()),
                        TEMPORARY,
                        built),
                Arguments.of(
                        "a Go toolchain builds what isn't there",
                        withGo(LINUX, GO),
                        TEMPORARY,
                        new Selection.Build(GO)),
                Arguments.of(
                        "an older one that can fetch a newer one too",
                        withGo(LINUX, OLDER_GO),
                        TEMPORARY,
                        new Selection.Build(OLDER_GO)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("choices")
    void chooses(String name, HostEnvironment host, Request request, Selection expected) {
        assertThat(ProviderSelection.select(host, request)).as(name).isEqualTo(expected);
    }

    static Stream<Arguments> refusals() {
        return Stream.of(
                Arguments.of(
                        NOTHING,
                        List.of(
                                "one of these would do",
                                "assets: set KUBEBUILDER_ASSETS to a folder with etcd",
                                "kind: no container engine answers",
                                "built: no Go toolchain: install Go 1.26 or newer (https://go.dev/dl/)")),
                Arguments.of(
                        with(NOTHING, "existing", Optional.empty(), Optional.empty()),
                        List.of(
                                "from the provider asked for",
                                "existing: the kubeconfig /home/ada/.kube/config isn't")),
                Arguments.of(
                        with(NOTHING, "assets", Optional.of(INCOMPLETE), Optional.empty()),
                        List.of("assets: KUBEBUILDER_ASSETS is /assets, which lacks kube-controller-manager")),
                Arguments.of(
                        with(EVERYTHING, "minikube", Optional.empty(), Optional.empty()),
                        List.of("AGENTCONTAINERS_CONTROL_PLANE is \"minikube\"; it may be one of"
                                + " existing, assets, kind, built")),
                Arguments.of(withGo(LINUX, TOO_OLD_GO), List.of("Go 1.19 (/usr/bin/go) is too old: install Go 1.26")),
                Arguments.of(
                        withGo(new Platform("windows", "amd64"), GO),
                        List.of("built: kube-apiserver doesn't run on windows-amd64")));
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void saysWhatToInstall(HostEnvironment host, List<String> messages) {
        assertThatThrownBy(() -> ProviderSelection.select(host, TEMPORARY))
                .isInstanceOf(MissingPrerequisiteException.class)
                .satisfies(e -> assertThat(e.getMessage()).contains(messages));
    }

    @Test
    void doesNotPassOverTheProviderThatIsAskedFor() {
        HostEnvironment host = with(EVERYTHING, "kind", Optional.of(ASSETS), Optional.empty());

        assertThatThrownBy(() -> ProviderSelection.select(host, TEMPORARY))
                .hasMessageContaining("kind: no container engine")
                .hasMessageNotContaining("built");
    }

    static Stream<Arguments> machinesWithoutGo() {
        HostEnvironment kind = with(NOTHING, "", Optional.empty(), Optional.of(ENGINE));
        return Stream.of(
                Arguments.of("nothing is there", NOTHING, PERSISTENT, true),
                Arguments.of("Kind would do for a moment", kind, TEMPORARY, false),
                Arguments.of("Kind does not last", kind, PERSISTENT, true),
                Arguments.of("Go is too old", withGo(LINUX, TOO_OLD_GO), PERSISTENT, true),
                Arguments.of("Go is there", withGo(LINUX, OLDER_GO), PERSISTENT, false),
                Arguments.of("it was built before", EVERYTHING, PERSISTENT, false),
                Arguments.of(
                        "binaries are there",
                        with(NOTHING, "", Optional.of(ASSETS), Optional.empty()),
                        PERSISTENT,
                        false),
                Arguments.of(
                        "another provider is asked for, and not there",
                        with(NOTHING, "assets", Optional.of(INCOMPLETE), Optional.empty()),
                        PERSISTENT,
                        false),
                Arguments.of(
                        "it can't be built here",
                        withGo(new Platform("windows", "amd64"), TOO_OLD_GO),
                        PERSISTENT,
                        false));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("machinesWithoutGo")
    void tellsWhetherGoWouldHelp(String name, HostEnvironment host, Request request, boolean lacking) {
        assertThat(ProviderSelection.lacksGo(host, request)).as(name).isEqualTo(lacking);
    }

    private static HostEnvironment forced(String provider) {
        return with(EVERYTHING, provider, Optional.of(ASSETS), Optional.of(ENGINE));
    }

    private static HostEnvironment with(
            HostEnvironment host, String forced, Optional<Assets> assets, Optional<String> engine) {
        return new HostEnvironment(
                host.platform(),
                Optional.of(forced).filter(value -> !value.isEmpty()),
                host.kubeconfig(),
                assets,
                engine,
                host.built(),
                host.go());
    }

    private static HostEnvironment withGo(Platform platform, GoToolchain go) {
        return new HostEnvironment(
                platform,
                Optional.empty(),
                NO_KUBECONFIG,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(go));
    }
}
