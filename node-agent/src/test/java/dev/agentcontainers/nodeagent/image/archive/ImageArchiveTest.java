package dev.agentcontainers.nodeagent.image.archive;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.image.ContentDescriptor;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageDocuments;
import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.ImageSource;
import dev.agentcontainers.nodeagent.image.Manifest;
import dev.agentcontainers.nodeagent.image.TestImage;
import dev.agentcontainers.nodeagent.image.TestLayer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageArchiveTest {
    private static final byte[] LAYER = new TestLayer().file("a", "b").tar();

    @TempDir
    Path scratch;

    private ImageArchive read(byte[] tar) throws IOException {
        return ImageArchive.ofArchive("image.tar", new ByteArrayInputStream(tar), scratch, 1 << 20);
    }

    private static byte[] configuration() {
        return ("{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\""
                        + Digest.of(LAYER) + "\",\"" + Digest.of(LAYER) + "\"]}}")
                .getBytes(UTF_8);
    }

    /** As Docker up to 24 writes it: the second of two equal layers is a link. */
    @Test
    void anArchiveWithoutManifestsGetsOne() throws Exception {
        byte[] saved = new TestLayer()
                .file("1/layer.tar", LAYER, 0644)
                .link("2/layer.tar", "../1/layer.tar")
                .file("config.json", configuration(), 0644)
                .file(
                        "manifest.json",
                        "[{\"Config\":\"config.json\",\"RepoTags\":[\"team/agent:1\"],\"Layers\":[\"1/layer.tar\",\"2/layer.tar\"]}]")
                .tar();

        ImageArchive archive = read(saved);

        ImageArchive.Image image = archive.images().getFirst();
        assertThat(image.reference()).contains(ImageReference.parse("team/agent:1"));
        ImageSource source = archive.source(image);
        byte[] document = source.manifest("1").content();
        assertThat(image.digest().isOf(document)).isTrue();
        Manifest.Image manifest = (Manifest.Image) ImageDocuments.manifest(document, Optional.empty());
        assertThat(manifest.layers())
                .extracting(ContentDescriptor::digest)
                .containsExactly(Digest.of(LAYER), Digest.of(LAYER));
        assertThat(source.content(manifest.layers().getLast(), 0).stream()).hasBinaryContent(LAYER);
        assertThat(source.content(manifest.configuration(), 5).stream().readAllBytes())
                .hasSize(configuration().length - 5);
    }

    @Test
    void aLayoutIsReadFromAnArchiveAndFromADirectory() throws Exception {
        TestImage image = new TestImage().layer(LAYER, TestLayer.gzip(LAYER)).built();
        String index = "{\"manifests\":[{\"digest\":\"" + image.index()
                + "\",\"annotations\":{\"org.opencontainers.image.ref.name\":\"latest\"}},{\"digest\":\""
                + image.manifest() + "\",\"annotations\":{\"io.containerd.image.name\":\"docker.io/team/agent:2\"}}]}";
        TestLayer tar = new TestLayer().file("index.json", index);
        Path directory = Files.createDirectories(scratch.resolve("layout"));
        Files.createDirectories(directory.resolve("blobs/sha256"));
        Files.writeString(directory.resolve("index.json"), index);
        for (var entry : image.content.entrySet()) {
            tar.file("blobs/sha256/" + entry.getKey().hex(), entry.getValue(), 0644);
            Files.write(directory.resolve("blobs/sha256/" + entry.getKey().hex()), entry.getValue());
        }

        for (ImageArchive archive : new ImageArchive[] {read(tar.tar()), ImageArchive.ofDirectory(directory)}) {
            assertThat(archive.images())
                    .containsExactly(
                            new ImageArchive.Image(Optional.empty(), image.index()),
                            new ImageArchive.Image(
                                    Optional.of(ImageReference.parse("team/agent:2")), image.manifest()));
            ImageSource source = archive.source(archive.images().getFirst());
            assertThat(source.manifest("latest").content()).isEqualTo(image.bytes(image.index()));
            Digest layer = Digest.of(TestLayer.gzip(LAYER));
            byte[] expected = image.bytes(layer);
            assertThat(source.content(new ContentDescriptor("", layer, expected.length), 0).stream())
                    .hasBinaryContent(expected);
            assertThatThrownBy(() -> source.content(new ContentDescriptor("", layer, expected.length + 1), 0))
                    .hasMessageContaining("by its manifest");
        }
    }

    @Test
    void namesOfAnArchiveLeadNowhere() throws Exception {
        Path outside = scratch.resolve("outside");
        Files.writeString(outside, "secret");
        byte[] saved = new TestLayer()
                .link("layer.tar", "../../../../" + outside)
                .file("../../" + outside.getFileName(), "overwritten")
                .file("config.json", configuration(), 0644)
                .file("manifest.json", "[{\"Config\":\"config.json\",\"Layers\":[\"layer.tar\"]}]")
                .tar();

        assertThatThrownBy(() -> read(saved)).hasMessageContaining("names 'layer.tar', which is not in it");
        assertThat(outside).hasContent("secret");
    }

    /** Of a directory that a stranger made, for example by unpacking an archive of theirs. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "../secret",
                "/etc/hostname",
                "link",
                "way/secret",
                "pipe",
                "directory",
                "a/../config.json",
                "a//b",
                ""
            })
    void namesOfADirectoryLeadNowhere(String name) throws Exception {
        Path directory = Files.createDirectory(scratch.resolve("saved"));
        Path secret = Files.writeString(scratch.resolve("secret"), "secret");
        Files.createSymbolicLink(directory.resolve("link"), secret);
        Files.createSymbolicLink(directory.resolve("way"), scratch);
        Files.createDirectory(directory.resolve("directory"));
        Files.write(directory.resolve("config.json"), configuration());
        assertThat(new ProcessBuilder("mkfifo", directory.resolve("pipe").toString())
                        .start()
                        .waitFor())
                .isZero();
        Files.writeString(
                directory.resolve("manifest.json"), "[{\"Config\":\"config.json\",\"Layers\":[\"" + name + "\"]}]");

        assertThatThrownBy(() -> ImageArchive.ofDirectory(directory))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("'" + name + "'");
    }

    @Test
    void documentsOfADirectoryAreNoLinks() throws Exception {
        Path directory = Files.createDirectory(scratch.resolve("layout"));
        Path secret = Files.writeString(scratch.resolve("secret"), "secret");
        Files.createSymbolicLink(directory.resolve("index.json"), secret);

        assertThatThrownBy(() -> ImageArchive.ofDirectory(directory))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("links are not followed");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "secret",
                "{\"manifests\":[{\"digest\":\"secret\"}]}",
                "{\"manifests\":[{\"digest\":\"sha256:secret\"}]}"
            })
    void whatIsDamagedIsNotQuoted(String index) {
        assertThatThrownBy(() -> read(new TestLayer().file("index.json", index).tar()))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("index.json")
                .hasMessageNotContaining("secret")
                .hasNoCause();
    }

    @Test
    void linksInACircleEnd() {
        byte[] saved = new TestLayer()
                .link("a", "b")
                .link("b", "a")
                .file("manifest.json", "[{\"Config\":\"a\",\"Layers\":[]}]")
                .tar();

        assertThatThrownBy(() -> read(saved)).isInstanceOf(ImageException.class).hasMessageContaining("names 'a'");
    }

    @Test
    void whatIsNoImageIsRefused() {
        assertThatThrownBy(() -> read(new TestLayer().file("a", "b").tar()))
                .hasMessageContaining("neither an OCI layout nor");
        assertThatThrownBy(() -> read(new TestLayer().file("index.json", "{").tar()))
                .hasMessageContaining("damaged");
        assertThatThrownBy(() -> read(new TestLayer()
                        .file("index.json", "{\"manifests\":[{\"digest\":\"../x\"}]}")
                        .tar()))
                .hasMessageContaining("damaged");
        assertThatThrownBy(() -> read(
                        new TestLayer().file("a", new byte[(1 << 20) + 1], 0644).tar()))
                .hasMessageContaining("more bytes than this node takes");
    }
}
