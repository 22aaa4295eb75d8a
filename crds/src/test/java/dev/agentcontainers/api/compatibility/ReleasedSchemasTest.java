package dev.agentcontainers.api.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.agentcontainers.api.generator.CustomResources;
import dev.agentcontainers.api.generator.Yaml;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the last release accepted the next one accepts. At a release {@code crds/yaml} is copied to
 * {@code crds/compatibility}.
 */
class ReleasedSchemasTest {
    private static final Path FOLDER =
            Path.of(System.getProperty("project.root", ".."), "crds", "compatibility", "v1alpha1");

    /**
     * New rules that every object holds which the last release accepted: it knew one kind of peer, required it, and knew no
     * domain, no tls, no http, no budget and no quic; it required command and knew no image; it knew no probes, no emptyDir, no
     * hostPath, no image in mounts and no limits of open files and of disks' rates.
     */
    private static final List<String> HOLD_FOR_WHAT_WAS_ACCEPTED = List.of(
            "v1alpha1.spec.network.egress[]: rule is new or changed: !has(self.to) || !self.to.exists(p, has(p.domain)) ||",
            "v1alpha1.spec.network.egress[].to[]: rule is new or changed: [has(self.ipBlock), has(self.domain),",
            "v1alpha1.spec.network.egress[]: rule is new or changed: !has(self.tls) ||",
            "v1alpha1.spec.egress[]: rule is new or changed: !has(self.tls) ||",
            "v1alpha1.spec.network.egress[]: rule is new or changed: !has(self.http) ||",
            "v1alpha1.spec.egress[]: rule is new or changed: !has(self.http) ||",
            "v1alpha1.spec.network.egress[]: rule is new or changed: !has(self.quic) ||",
            "v1alpha1.spec.egress[]: rule is new or changed: !has(self.quic) ||",
            "v1alpha1.spec: rule is new or changed: has(self.image) ||",
            "v1alpha1.spec: rule is new or changed: has(self.image) == has(oldSelf.image) &&",
            "v1alpha1.spec: rule is new or changed: has(self.imagePullPolicy) == has(oldSelf.imagePullPolicy) &&",
            "v1alpha1.spec: rule is new or changed: has(self.imagePullSecrets) == has(oldSelf.imagePullSecrets) &&",
            "v1alpha1.spec: rule is new or changed: has(self.command) == has(oldSelf.command) &&",
            "v1alpha1.spec: rule is new or changed: !has(self.probes) ||",
            "v1alpha1.spec: rule is new or changed: !has(self.session) ||",
            "v1alpha1.spec: rule is new or changed: has(self.session) == has(oldSelf.session) &&",
            "v1alpha1.spec: rule is new or changed: has(self.probes) == has(oldSelf.probes) &&",
            "v1alpha1.spec: rule is new or changed: (has(self.resources) && has(self.resources.limits) && has(self.resources.limits.open__dash__files) ?",
            "v1alpha1.spec: rule is new or changed: (has(self.resources) && has(self.resources.limits) && has(self.resources.limits.disk__dash__read__dash__rate) ?",
            "v1alpha1.spec: rule is new or changed: (has(self.resources) && has(self.resources.limits) && has(self.resources.limits.disk__dash__write__dash__rate) ?",
            "v1alpha1.spec: rule is new or changed: (has(self.resources) && has(self.resources.limits) && has(self.resources.limits.ephemeral__dash__storage)) || !has(self.filesystem)",
            "v1alpha1.spec: rule is new or changed: !has(self.resources) || !has(self.resources.limits) || !has(self.resources.limits.ephemeral__dash__storage) || !isQuantity(string(self.resources.limits.ephemeral__dash__storage)) || !has(self.filesystem) || !has(self.filesystem.mounts) || !self.filesystem.mounts.exists(m, has(m.source) && has(m.source.emptyDir)",
            "v1alpha1.spec.filesystem: rule is new or changed: !has(self.mounts) || self.mounts.filter(m, has(m.source) && has(m.source.emptyDir)",
            "v1alpha1.spec.filesystem.mounts[]: rule is new or changed: !has(self.source) || !has(self.source.emptyDir)",
            "v1alpha1.spec.mounts[]: rule is new or changed: !has(self.source) || !has(self.source.emptyDir)",
            "v1alpha1.spec.filesystem.mounts[]: rule is new or changed: !(self.access == 'ReadWrite' && has(self.source) && has(self.source.image))",
            "v1alpha1.spec.mounts[]: rule is new or changed: !(self.access == 'ReadWrite' && has(self.source) && has(self.source.image))",
            "v1alpha1.spec.filesystem.mounts[].source: rule is new or changed: [has(self.workspace), has(self.emptyDir),",
            "v1alpha1.spec.mounts[].source: rule is new or changed: [has(self.workspace), has(self.emptyDir),");

    static Stream<Arguments> released() throws IOException {
        try (var files = Files.list(FOLDER)) {
            List<Path> all = files.toList();
            return all.stream()
                    .map(file -> Arguments.argumentSet(file.getFileName().toString(), read(file)));
        }
    }

    @ParameterizedTest
    @MethodSource("released")
    void stayCompatible(JsonNode released) {
        String name = released.at("/metadata/name").asText();
        JsonNode current = Optional.ofNullable(CustomResources.definitions().get(name))
                .orElseThrow(() -> new AssertionError(name + " was removed"));

        assertThat(DefinitionCompatibility.breaks(released, current))
                .filteredOn(difference -> HOLD_FOR_WHAT_WAS_ACCEPTED.stream().noneMatch(difference::startsWith))
                .isEmpty();
    }

    @Test
    void thereIsOneForEachKind() throws IOException {
        Map<String, ?> definitions = CustomResources.definitions();
        try (var files = Files.list(FOLDER)) {
            List<String> names = files.map(file -> file.getFileName().toString().replaceAll("\\.yaml$", ""))
                    .toList();
            assertThat(names).containsExactlyInAnyOrderElementsOf(definitions.keySet());
        }
    }

    private static JsonNode read(Path file) {
        try {
            return Yaml.read(Files.readString(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
