package dev.agentcontainers.nodeagent.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageDocumentsTest {
    private static final String DIGEST = "sha256:" + "ab".repeat(32);
    private static final String CONFIG =
            "\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"" + DIGEST
                    + "\",\"size\":2}";
    private static final String INDEX = ImageDocuments.manifestTypes().getFirst();
    private static final ImagePlatform AMD64 = new ImagePlatform("linux", "amd64", "");

    private static Manifest manifest(String json) throws ImageException {
        return ImageDocuments.manifest(json.getBytes(UTF_8), Optional.empty());
    }

    private static String layer(String type, String size) {
        return "{\"mediaType\":\"application/vnd.oci.image.layer.v1." + type + "\",\"digest\":\"" + DIGEST
                + "\",\"size\":" + size + "}";
    }

    @Test
    void anImageHasItsLayersInOrder() throws ImageException {
        Manifest read =
                manifest("{" + CONFIG + ",\"layers\":[" + layer("tar", "1") + "," + layer("tar+zstd", "2") + "]}");

        assertThat(read)
                .isInstanceOfSatisfying(
                        Manifest.Image.class,
                        image -> assertThat(image.layers())
                                .extracting(ContentDescriptor::size)
                                .containsExactly(1L, 2L));
    }

    @Test
    void whatReadsAsTwoThingsIsNeither() {
        assertThatThrownBy(() -> manifest("{" + CONFIG + ",\"layers\":[],\"manifests\":[]}"))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("an index and an image at once");
        String image = "{\"mediaType\":\"" + INDEX + "\"," + CONFIG + ",\"layers\":[]}";
        assertThatThrownBy(() -> manifest(image)).hasMessageContaining("reads as an image");
        assertThatThrownBy(() ->
                        ImageDocuments.manifest(("{" + CONFIG + ",\"layers\":[]}").getBytes(UTF_8), Optional.of(INDEX)))
                .hasMessageContaining("reads as an image");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tar+encrypted|1|media type",
                "tar|-1|without a size",
                "tar|1.5|without a size",
                "tar|99999999999999999999|without a size"
            })
    void layersThatCannotBeUnpackedAreRefused(String type, String size, String message) {
        assertThatThrownBy(() -> manifest("{" + CONFIG + ",\"layers\":[" + layer(type, size) + "]}"))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining(message);
    }

    @Test
    void otherDocumentsAreRefused() {
        assertThatThrownBy(() -> manifest("{\"schemaVersion\":1,\"fsLayers\":[]}"))
                .hasMessageContaining("schema 2");
        assertThatThrownBy(() -> manifest("[]")).hasMessageContaining("not a JSON object");
        assertThatThrownBy(() -> manifest("")).hasMessageContaining("not a JSON object");
        assertThatThrownBy(() -> manifest("{")).hasMessageContaining("not JSON");
        assertThatThrownBy(() -> manifest("[".repeat(100_000))).hasMessageContaining("not JSON");
        String many = String.join(",", Collections.nCopies(129, layer("tar", "1")));
        assertThatThrownBy(() -> manifest("{" + CONFIG + ",\"layers\":[" + many + "]}"))
                .hasMessageContaining("at most 128");
    }

    @Test
    void anIndexGivesWhatRunsHere() throws ImageException {
        Manifest.Index index = new Manifest.Index(List.of(
                of("unknown", "unknown", ""),
                of("linux", "amd64", "v3"),
                of("linux", "amd64", ""),
                of("linux", "arm64", "v8")));

        assertThat(index.on(AMD64).platform()).contains(AMD64);
        assertThat(index.on(new ImagePlatform("linux", "arm64", "")).platform())
                .contains(new ImagePlatform("linux", "arm64", "v8"));
        assertThatThrownBy(() -> index.on(new ImagePlatform("windows", "amd64", "")))
                .hasMessageContaining("no variant for windows/amd64")
                .hasMessageContaining("linux/arm64/v8")
                .hasMessageNotContaining("unknown");
    }

    /** The specification lets them say none; what their configuration says counts then. */
    @Test
    void anIndexGivesWhatSaysNoPlatformWhereNothingElseFits() throws ImageException {
        ContentDescriptor silent = new ContentDescriptor("", Digest.parse(DIGEST), 2, Optional.empty());

        assertThat(new Manifest.Index(List.of(of("linux", "s390x", ""), silent)).on(AMD64))
                .isEqualTo(silent);
        assertThat(new Manifest.Index(List.of(silent, of("linux", "amd64", "")))
                        .on(AMD64)
                        .platform())
                .contains(AMD64);
    }

    private static ContentDescriptor of(String os, String architecture, String variant) {
        return new ContentDescriptor(
                "", Digest.parse(DIGEST), 1, Optional.of(new ImagePlatform(os, architecture, variant)));
    }

    @Test
    void aConfigurationSaysHowAnImageIsRun() throws ImageException {
        ImageConfiguration configuration =
                ImageDocuments.configuration(("""
                    {"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":["%s"]},
                     "config":{"Entrypoint":["/run","-x"],"Cmd":null,"Env":["A=b"],"WorkingDir":"/w","User":"me:us"}}
                    """).formatted(DIGEST).getBytes(UTF_8));

        assertThat(configuration)
                .isEqualTo(new ImageConfiguration(
                        AMD64,
                        List.of(Digest.parse(DIGEST)),
                        List.of("/run", "-x"),
                        List.of(),
                        List.of("A=b"),
                        "/w",
                        "me:us"));
    }

    @Test
    void aConfigurationWithoutUsableLayersIsRefused() {
        assertThatThrownBy(() -> ImageDocuments.configuration("{}".getBytes(UTF_8)))
                .hasMessageContaining("rootfs");
        assertThatThrownBy(() -> ImageDocuments.configuration(
                        "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"x\"]}}".getBytes(UTF_8)))
                .hasMessageContaining("diff_ids");
    }
}
