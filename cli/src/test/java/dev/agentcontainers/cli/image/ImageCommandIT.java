package dev.agentcontainers.cli.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.cli.egress.CommandAnswer;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.store.ImageStore;
import dev.agentcontainers.nodeagent.image.store.StoreLimits;
import dev.agentcontainers.nodeagent.linux.image.LayerUnpacker;
import dev.agentcontainers.nodeagent.linux.image.UnpackLimits;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code agentctl image} on a store on this machine's disk, and with the registry that Debian packages. */
class ImageCommandIT {
    private static final String NAME = "registry.example.org/team/agent:1.4";

    @TempDir
    private Path folder;

    private final SmallImage image = new SmallImage("hello\n");

    @BeforeEach
    void needsRoot() {
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root: layers keep the ids of their files");
    }

    private Path store() {
        return folder.resolve("store");
    }

    private CommandAnswer image(String... arguments) {
        List<String> words = new ArrayList<>(List.of(arguments));
        words.addAll(1, List.of("--store", store().toString()));
        return CommandAnswer.of(new ImageCommand(), words.toArray(String[]::new));
    }

    private CommandAnswer succeeds(String... arguments) {
        CommandAnswer answer = image(arguments);
        assertThat(answer.exitCode()).as(answer.toString()).isZero();
        return answer;
    }

    private JsonNode list() throws IOException {
        return new ObjectMapper().readTree(succeeds("list", "-o", "json").text());
    }

    private String pinned(String name) {
        return name + "@" + image.digest() + "\n";
    }

    private List<String> unpacked() throws IOException {
        try (Stream<Path> files = Files.walk(store().resolve("layers"))) {
            return files.filter(Files::isRegularFile)
                    .map(file -> file.getFileName().toString())
                    .toList();
        }
    }

    @Test
    void pullsListsAndRemoves() throws Exception {
        try (DebianRegistry registry = DebianRegistry.start(folder)) {
            String name = registry.host() + "/team/agent:1.4";
            registry.push(image, "team/agent", "1.4");

            String registries = Files.writeString(
                            folder.resolve("registries.yaml"), "plainHttp: ['" + registry.host() + "']")
                    .toString();
            CommandAnswer denied = image("pull", "--registries", registries, name);
            assertThat(denied.exitCode()).isEqualTo(1);
            assertThat(denied.errors()).contains(registry.host());
            assertThat(image("pull", name).exitCode())
                    .as("nobody allowed to speak without TLS")
                    .isEqualTo(1);

            Path credentials = Files.writeString(folder.resolve("config.json"), registry.credentials());
            String[] pull = {"pull", "--registries", registries, "--credentials", credentials.toString(), name};
            CommandAnswer pulled = succeeds(pull);
            assertThat(pulled.text()).isEqualTo(pinned(name));
            assertThat(pulled.errors()).as("no progress where nobody looks").isEmpty();
            assertThat(succeeds(pull).text()).as("once more").isEqualTo(pinned(name));
            assertThat(unpacked()).containsExactly("hello");

            assertThat(succeeds("list").text().lines())
                    .satisfiesExactly(
                            head -> assertThat(head.split(" {2,}"))
                                    .containsExactly("REFERENCE", "DIGEST", "SIZE", "PULLED", "USED BY"),
                            row -> assertThat(row.split(" {2,}"))
                                    .startsWith(name, image.digest().toString().substring(0, 19))
                                    .endsWith("0"));
            assertThat(list()).singleElement().satisfies(entry -> {
                assertThat(entry.path("reference").asText()).isEqualTo(name);
                assertThat(entry.path("digest").asText())
                        .isEqualTo(image.digest().toString());
                assertThat(entry.path("layers")).hasSize(1);
            });

            CommandAnswer unknown = image(
                    "pull",
                    "--registries",
                    registries,
                    "--credentials",
                    credentials.toString(),
                    registry.host() + "/team/agent:2");
            assertThat(unknown.exitCode()).isEqualTo(1);
            assertThat(unknown.errors()).contains("does not exist");

            CommandAnswer removed = image("remove", name, registry.host() + "/other:1");
            assertThat(removed.exitCode()).isEqualTo(1);
            assertThat(removed.text()).isEqualTo(name + "\n");
            assertThat(removed.errors()).contains("there is no image " + registry.host() + "/other:1 in " + store());
            assertThat(list()).isEmpty();
            assertThat(unpacked()).isEmpty();
        }
    }

    @Test
    void pullsNothingThatMustBeSignedAndIsNot() throws Exception {
        try (DebianRegistry registry = DebianRegistry.start(folder)) {
            registry.push(image, "team/agent", "1.4");
            String registries = Files.writeString(
                            folder.resolve("registries.yaml"), "plainHttp: ['" + registry.host() + "']")
                    .toString();
            String credentials = Files.writeString(folder.resolve("config.json"), registry.credentials())
                    .toString();
            Path signatures = Files.writeString(folder.resolve("signatures.yaml"), """
                rules:
                - images: ['%s/team/*']
                  signedBy:
                  - name: team
                    key: |
                      -----BEGIN PUBLIC KEY-----
                      MCowBQYDK2VwAyEAfWjQImhm0Yd9/T0Iqq3Vig6V26fnKK7f8o0oNsXtMJo=
                      -----END PUBLIC KEY-----
                """.formatted(registry.host()));
            String[] pull = {
                "pull",
                "--registries",
                registries,
                "--credentials",
                credentials,
                "--signatures",
                signatures.toString(),
                registry.host() + "/team/agent:1.4"
            };

            CommandAnswer refused = image(pull);
            assertThat(refused.exitCode()).isEqualTo(1);
            assertThat(refused.errors())
                    .contains(image.digest().toString())
                    .contains("rule 1")
                    .contains("[team]");
            assertThat(unpacked()).isEmpty();
            assertThat(list()).isEmpty();

            Files.writeString(signatures, Files.readString(signatures).replace("MCow", "MCox"));
            CommandAnswer wrong = image(pull);
            assertThat(wrong.exitCode()).isEqualTo(2);
            assertThat(wrong.errors()).contains("--signatures: ").contains("'rules[0].signedBy[0].key'");
        }
    }

    /** One rule after the other: without a signature it is taken, and what is to run nowhere is not. */
    @Test
    void loadsNothingThatIsToRunNowhere() throws IOException {
        String layout =
                SmallImage.write(image.layout(NAME), folder.resolve("layout")).toString();
        Path signatures =
                Files.writeString(folder.resolve("signatures.yaml"), "rules: [{images: ['*'], unsigned: Refused}]");

        CommandAnswer refused = image("load", "--signatures", signatures.toString(), layout);
        assertThat(refused.exitCode()).isEqualTo(1);
        assertThat(refused.errors()).contains("is refused by rule 1 (*)").contains("whoever signed it");
        assertThat(unpacked()).isEmpty();
        assertThat(list()).isEmpty();

        Files.writeString(signatures, """
            rules:
            - images: ['*']
              signedBy:
              - name: team
                key: |
                  -----BEGIN PUBLIC KEY-----
                  MCowBQYDK2VwAyEAfWjQImhm0Yd9/T0Iqq3Vig6V26fnKK7f8o0oNsXtMJo=
                  -----END PUBLIC KEY-----
            """);
        assertThat(succeeds("load", "--signatures", signatures.toString(), layout)
                        .text())
                .isEqualTo(pinned(NAME));
    }

    @Test
    void loadsALayoutFromADirectory() throws IOException {
        Path layout = SmallImage.write(image.layout(NAME), folder.resolve("layout"));

        assertThat(succeeds("load", layout.toString()).text()).isEqualTo(pinned(NAME));
        assertThat(unpacked()).containsExactly("hello");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void loadsALayoutFromAnArchive(boolean zipped) throws IOException {
        byte[] tar = SmallImage.tar(image.layout(NAME));
        Path archive = Files.write(folder.resolve("archive"), zipped ? SmallImage.gzip(tar) : tar);

        assertThat(succeeds("load", archive.toString()).text()).isEqualTo(pinned(NAME));
    }

    @Test
    void loadsWhatDockerSaved() throws IOException {
        Path archive = Files.write(folder.resolve("saved.tar"), SmallImage.tar(image.saved("team/agent:1")));

        assertThat(succeeds("load", archive.toString()).text()).startsWith("docker.io/team/agent:1@sha256:");
        assertThat(unpacked()).containsExactly("hello");
        Path directory = SmallImage.write(image.saved("team/agent:2"), folder.resolve("saved"));
        assertThat(succeeds("load", directory.toString()).text()).startsWith("docker.io/team/agent:2@sha256:");
    }

    @Test
    void loadsFromStandardInput() throws IOException {
        InputStream before = System.in;
        try (InputStream archive =
                Files.newInputStream(Files.write(folder.resolve("archive"), SmallImage.tar(image.layout(NAME))))) {
            System.setIn(archive);
            assertThat(succeeds("load", "-").text()).isEqualTo(pinned(NAME));
        } finally {
            System.setIn(before);
        }
    }

    @Test
    void anImageWithoutNameNeedsOne() {
        Path layout = SmallImage.write(image.layout(""), folder.resolve("layout"));

        CommandAnswer nameless = image("load", layout.toString());
        assertThat(nameless.exitCode()).isEqualTo(2);
        assertThat(nameless.errors()).contains("what the image " + image.digest() + " is called; say it by --as IMAGE");
        assertThat(succeeds("load", "--as", "agent", layout.toString()).text())
                .isEqualTo(pinned("docker.io/library/agent:latest"));
    }

    @Test
    void whatIsDamagedIsRefusedAndLeavesNothing() throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>(image.layout(NAME));
        files.replaceAll((name, content) -> image.blobs.entrySet().stream()
                        .anyMatch(blob -> name.endsWith(blob.getKey().hex()))
                ? new byte[content.length]
                : content);

        CommandAnswer answer =
                image("load", SmallImage.write(files, folder.resolve("layout")).toString());

        assertThat(answer.exitCode()).isEqualTo(1);
        assertThat(answer.text()).isEmpty();
        assertThat(list()).isEmpty();
        assertThat(unpacked()).isEmpty();
    }

    @Test
    void whatAgentsUseStaysUntilTheyEnd() throws Exception {
        succeeds(
                "load",
                SmallImage.write(image.layout(NAME), folder.resolve("layout")).toString());
        SmallImage other = new SmallImage("other\n");
        succeeds(
                "load",
                SmallImage.write(other.layout("other:1"), folder.resolve("other"))
                        .toString());
        try (ImageStore open = ImageStore.open(
                store(), new LayerUnpacker(UnpackLimits.DEFAULT), StoreLimits.DEFAULT, Clock.systemUTC())) {
            open.use("agent-1", open.find(ImageReference.parse(NAME)).orElseThrow());
        }
        assertThat(succeeds("list").text().lines().filter(row -> row.startsWith(NAME)))
                .singleElement()
                .satisfies(row -> assertThat(row).endsWith("1"));

        CommandAnswer pruned = succeeds("prune");
        assertThat(pruned.text()).isEqualTo("docker.io/library/other:1\n");
        assertThat(unpacked()).containsExactly("hello");

        CommandAnswer tooMuch = image("prune", "--free", "4Ei");
        assertThat(tooMuch.exitCode()).isEqualTo(1);
        assertThat(tooMuch.errors()).contains("of the disk of " + store() + " are free, not 4Ei");

        CommandAnswer removed = succeeds("remove", NAME);
        assertThat(removed.errors()).contains("1 agent runs from " + NAME + "; its layers go when they have ended");
        assertThat(list()).isEmpty();
        assertThat(unpacked()).containsExactly("hello");
        try (ImageStore open = ImageStore.open(
                store(), new LayerUnpacker(UnpackLimits.DEFAULT), StoreLimits.DEFAULT, Clock.systemUTC())) {
            open.release("agent-1");
        }
        succeeds("prune");
        assertThat(unpacked()).isEmpty();
    }

    @Test
    void pruneKeepsWhatNeedNotGo() throws IOException {
        succeeds(
                "load",
                SmallImage.write(image.layout(NAME), folder.resolve("layout")).toString());

        assertThat(succeeds("prune", "--free", "1Ki").text()).isEmpty();
        assertThat(list()).hasSize(1);
    }

    @Test
    void whereThereIsNoStoreNothingIsMade() {
        CommandAnswer listed = succeeds("list");
        assertThat(listed.text()).isEmpty();
        assertThat(listed.errors()).contains("No images in " + store());
        assertThat(succeeds("list", "-o", "json").text()).isEqualTo("[ ]\n");
        assertThat(succeeds("prune").text()).isEmpty();
        assertThat(image("remove", "debian:13").errors()).contains("there is no image docker.io/library/debian:13");
        assertThat(store()).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            pull Debian                             | has the repository
            pull https://registry.example.org/agent | an image is called [REGISTRY
            pull --credentials /no/such agent       | there is no file /no/such with credentials
            pull --registries /no/such agent        | --registries
            load /no/such                           | there is no such file or directory
            load --as Agent /                       | has the repository
            list -o yaml                            | -o must be json, but is 'yaml'
            remove a//b                             | an image is called [REGISTRY
            prune --free lots                       | --free lots: must be a number of bytes above 0
            prune --free 0                          | --free 0: must be a number of bytes above 0
            """)
    void refusesAWrongCommandLineSayingWhatWouldBeRight(String line, String says) {
        CommandAnswer answer = image(line.split(" "));

        assertThat(answer.exitCode()).as(answer.toString()).isEqualTo(2);
        assertThat(answer.errors()).contains(says);
    }

    @Test
    void aFileThatIsNoImageIsRefused() throws IOException {
        Path text = Files.writeString(folder.resolve("text"), "no archive");
        Path zstd = Files.write(folder.resolve("zstd"), new byte[] {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 0, 0, 0, 0});
        Path empty = Files.createDirectory(folder.resolve("empty"));

        assertThat(image("load", text.toString()).exitCode()).isEqualTo(1);
        assertThat(image("load", zstd.toString()).errors()).contains("is compressed by something else than gzip");
        assertThat(image("load", empty.toString()).errors()).contains("neither index.json nor manifest.json");
        assertThat(new String(Files.readAllBytes(text), UTF_8)).isEqualTo("no archive");
    }
}
