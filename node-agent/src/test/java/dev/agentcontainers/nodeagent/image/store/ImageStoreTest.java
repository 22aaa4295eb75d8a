package dev.agentcontainers.nodeagent.image.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.image.ContentDescriptor;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.ImageSource;
import dev.agentcontainers.nodeagent.image.PullPolicy;
import dev.agentcontainers.nodeagent.image.TestImage;
import dev.agentcontainers.nodeagent.image.TestLayer;
import dev.agentcontainers.nodeagent.image.registry.RegistryClient;
import dev.agentcontainers.nodeagent.image.registry.RegistryCredentials;
import dev.agentcontainers.nodeagent.image.registry.RegistrySettings;
import dev.agentcontainers.nodeagent.image.registry.TestRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageStoreTest {
    private static final StoreLimits LIMITS = new StoreLimits(3, 64 << 20, 0, 0, 3, Duration.ofMillis(1));
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-11-26T12:00:00Z"), ZoneOffset.UTC);
    private static final byte[] LOWER = new TestLayer().file("lower", "1").tar();
    private static final byte[] UPPER = new TestLayer().file("upper", random()).tar();

    @TempDir
    Path folder;

    private final TestImage image = new TestImage()
            .layer(LOWER, TestLayer.gzip(LOWER))
            .layer(UPPER, TestLayer.zstd(UPPER))
            .running(Map.of("Entrypoint", List.of("/run")))
            .built();
    private final TestRegistry registry = new TestRegistry().with("team/agent", "1", image);
    private final ImageReference reference = ImageReference.parse(registry.host() + "/team/agent:1");
    private ImageStore store;

    private static String random() {
        StringBuilder text = new StringBuilder();
        new Random(1).ints(300_000, 'a', 'z').forEach(c -> text.append((char) c));
        return text.toString();
    }

    @BeforeEach
    void open() throws Exception {
        store = ImageStore.open(folder, new WholeArchives(), LIMITS, CLOCK);
    }

    @AfterEach
    void stop() throws IOException {
        store.close();
        registry.close();
    }

    private ImageSource source() throws IOException {
        return new RegistryClient(registry.settings()).source(reference, RegistryCredentials.NONE);
    }

    private StoredImage pull(ImageSource source) throws IOException, InterruptedException {
        return store.pull(reference, source, Admission.ALL, TestImage.PLATFORM, PullObserver.NONE);
    }

    private List<String> in(String name) throws IOException {
        try (Stream<Path> entries = Files.list(folder.resolve(name))) {
            return entries.map(entry -> entry.getFileName().toString()).toList();
        }
    }

    private static String received(byte[] compressed) {
        return Digest.of(compressed).toString();
    }

    @Test
    void hasTheLayersOfAPulledImageUnpackedAndNothingElse() throws Exception {
        StoredImage pulled = pull(source());

        List<Path> layers = store.use("agent", pulled);
        assertThat(layers).hasSize(2);
        assertThat(layers.getFirst().resolve("archive")).hasBinaryContent(LOWER);
        assertThat(layers.getLast().resolve("archive")).hasBinaryContent(UPPER);
        assertThat(pulled.digest()).isEqualTo(image.index());
        assertThat(store.configuration(pulled).entrypoint()).containsExactly("/run");
        assertThat(store.find(reference)).contains(pulled);
        assertThat(store.find(ImageReference.parse(registry.host() + "/team/agent:other@" + image.index())))
                .map(StoredImage::digest)
                .contains(image.index());
        assertThat(in("blobs")).hasSize(3);
        assertThat(in("partial")).isEmpty();
        assertThat(in("unpacking")).isEmpty();
        assertThat(in("pulls")).isEmpty();
    }

    /** By its name it is decided whether an image may be had: an other name for what is here has to be its registry's own. */
    @Test
    void aDigestIsNotFoundUnderAnotherRepositorysName() throws Exception {
        pull(source());

        for (String other : List.of("other.example/team/agent", registry.host() + "/team/other")) {
            ImageReference renamed = ImageReference.parse(other + "@" + image.index());
            assertThat(store.find(renamed)).isEmpty();
            assertThatThrownBy(() -> store.get(
                            renamed,
                            PullPolicy.NEVER,
                            this::source,
                            Admission.ALL,
                            TestImage.PLATFORM,
                            PullObserver.NONE))
                    .isInstanceOfSatisfying(
                            ImageException.class, e -> assertThat(e.kind()).isEqualTo(Kind.NOT_FOUND));
        }
        ImageReference renamed = ImageReference.parse(registry.host() + "/team/other@" + image.index());
        ImageStore.Origin origin =
                () -> new RegistryClient(registry.settings()).source(renamed, RegistryCredentials.NONE);
        assertThatThrownBy(() -> store.get(
                        renamed,
                        PullPolicy.IF_NOT_PRESENT,
                        origin,
                        Admission.ALL,
                        TestImage.PLATFORM,
                        PullObserver.NONE))
                .isInstanceOfSatisfying(
                        ImageException.class, e -> assertThat(e.kind()).isEqualTo(Kind.NOT_FOUND));

        // Where the other repository has it too, nothing but its documents is asked for again.
        registry.with("team/other", "1", image);
        long layers = registry.countOf("/blobs/" + received(TestLayer.gzip(LOWER)));
        assertThat(store.get(
                                renamed,
                                PullPolicy.IF_NOT_PRESENT,
                                origin,
                                Admission.ALL,
                                TestImage.PLATFORM,
                                PullObserver.NONE)
                        .reference())
                .isEqualTo(renamed);
        assertThat(registry.countOf("/blobs/" + received(TestLayer.gzip(LOWER))))
                .isEqualTo(layers);
    }

    /** Two agents began before there were rules, and only one of them has been asked about since. */
    @Test
    void anAgentsUseKeepsWhatProvesItsImageByNow() throws Exception {
        StoredImage before = pull(source());
        store.use("agent-1", before);
        store.use("agent-2", before);
        byte[] proof = {1};
        StoredImage proven = store.admitted(before, (_, _) -> List.of(proof), Optional.empty());
        store.use("agent-1", proven);
        store.close();

        open();
        store.use("agent-2", store.usedBy("agent-2").orElseThrow());

        assertThat(store.find(reference).orElseThrow().proofs()).containsExactly(Digest.of(proof));
    }

    private StoredImage admit(Admission admission) throws Exception {
        return store.get(
                reference, PullPolicy.IF_NOT_PRESENT, this::source, admission, TestImage.PLATFORM, PullObserver.NONE);
    }

    /** A disk that lost a file, or has other bytes in it. */
    @Test
    void aProofThatIsLostOrDamagedIsStoredAgain() throws Exception {
        byte[] proof = {1};
        Path file = folder.resolve("blobs").resolve(BlobStore.nameOf(Digest.of(proof)));
        Admission found = (_, _) -> List.of(proof);
        admit(found);
        assertThat(file).hasBinaryContent(proof);

        Files.delete(file);
        admit(found);
        assertThat(file).hasBinaryContent(proof);
        Files.write(file, new byte[] {2});
        admit(found);
        assertThat(file).hasBinaryContent(proof);
        Files.write(file, new byte[] {2});
        store.get(reference, PullPolicy.ALWAYS, this::source, found, TestImage.PLATFORM, PullObserver.NONE);
        assertThat(file).hasBinaryContent(proof);
    }

    /** Whoever verified by other rules meanwhile has found something else. */
    @Test
    void proofsOfTheSameContentAreJoinedAndTheOldestGo() throws Exception {
        StoredImage pulled = pull(source());
        for (byte i = 0; i < Admission.MOST_PROOFS + 2; i++) {
            byte[] proof = {i};
            store.admitted(pulled, (_, _) -> List.of(proof), Optional.empty());
        }

        assertThat(store.find(reference).orElseThrow().proofs())
                .hasSize(Admission.MOST_PROOFS)
                .startsWith(Digest.of(new byte[] {2}))
                .endsWith(Digest.of(new byte[] {Admission.MOST_PROOFS + 1}));

        // By another tag too.
        registry.with("team/agent", "2", image);
        ImageReference second = ImageReference.parse(registry.host() + "/team/agent:2");
        StoredImage again = store.pull(second, source(), Admission.ALL, TestImage.PLATFORM, PullObserver.NONE);
        assertThat(again.proofs()).hasSize(Admission.MOST_PROOFS);
    }

    @Test
    void receivesNothingTwice() throws Exception {
        pull(source());
        pull(source());

        assertThat(registry.countOf("/blobs/" + received(TestLayer.gzip(LOWER))))
                .isEqualTo(1);
        assertThat(registry.countOf("/manifests/1 ")).isZero();
        assertThat(registry.asked.stream().filter(line -> line.endsWith("/manifests/1")))
                .hasSize(2);
    }

    @Test
    void goesOnWhereATransferBrokeOff() throws Exception {
        byte[] compressed = TestLayer.zstd(UPPER);
        registry.breaksAfter.put(received(compressed), 100_000);

        StoredImage pulled = pull(source());

        assertThat(store.use("agent", pulled).getLast().resolve("archive")).hasBinaryContent(UPPER);
        assertThat(registry.asked).anyMatch(line -> line.contains(received(compressed)) && line.contains("bytes="));
    }

    @Test
    void goesOnFromWhatAnotherProcessLeft() throws Exception {
        byte[] compressed = TestLayer.zstd(UPPER);
        Path partial = folder.resolve("partial").resolve(received(compressed).replace(':', '-'));
        Files.write(partial, Arrays.copyOf(compressed, 1000));

        StoredImage pulled = pull(source());

        assertThat(store.use("agent", pulled).getLast().resolve("archive")).hasBinaryContent(UPPER);
        assertThat(registry.asked).anyMatch(line -> line.endsWith("bytes=1000-"));
    }

    @Test
    void beginsAnewWhereTheRegistryKnowsNoRanges() throws Exception {
        byte[] compressed = TestLayer.zstd(UPPER);
        registry.ranges = false;
        registry.breaksAfter.put(received(compressed), 100_000);

        StoredImage pulled = pull(source());

        assertThat(store.use("agent", pulled).getLast().resolve("archive")).hasBinaryContent(UPPER);
    }

    @Test
    void throwsAwayWhatIsNotWhatItsDigestSays() throws Exception {
        byte[] compressed = TestLayer.zstd(UPPER);
        byte[] tampered = compressed.clone();
        tampered[tampered.length / 2] ^= 1;
        registry.replace("team/agent", Digest.of(compressed), tampered);

        assertRefused(source(), Kind.CORRUPT, "thrown away");
        assertThat(in("partial")).doesNotContain(received(compressed).replace(':', '-'));
        assertThat(in("blobs")).doesNotContain(received(compressed).replace(':', '-'));

        registry.replace("team/agent", Digest.of(compressed), compressed);
        assertThat(pull(source()).layers()).hasSize(2);
    }

    @Test
    void takesNoMoreThanTheManifestSays() throws Exception {
        byte[] compressed = TestLayer.zstd(UPPER);
        registry.replace("team/agent", Digest.of(compressed), Arrays.copyOf(compressed, compressed.length + 1));

        assertRefused(source(), Kind.CORRUPT, "longer than");
    }

    @Test
    void refusesAManifestThatIsNotTheOneAskedFor() throws Exception {
        registry.replace("team/agent", image.manifest(), image.bytes(image.index()));
        assertRefused(source(), Kind.CORRUPT, "as the manifest " + image.manifest());

        ImageReference pinned = reference.pinned(image.index());
        registry.replace("team/agent", image.index(), new byte[] {'{', '}'});
        ImageSource source = new RegistryClient(registry.settings()).source(pinned, RegistryCredentials.NONE);
        assertThatThrownBy(() -> store.pull(pinned, source, Admission.ALL, TestImage.PLATFORM, PullObserver.NONE))
                .isInstanceOfSatisfying(
                        ImageException.class, e -> assertThat(e.kind()).isEqualTo(Kind.CORRUPT));
    }

    @Test
    void refusesALayerThatUnpacksToSomethingElse() throws Exception {
        TestImage lying = new TestImage()
                .layer(LOWER, TestLayer.gzip(LOWER))
                .layer(Digest.of(LOWER), TestLayer.gzip(UPPER))
                .layer(Digest.of(new byte[0]), TestLayer.gzip(UPPER))
                .built();

        assertRefused(lying, Kind.CORRUPT, "unpacked");
        assertThat(in("unpacking")).isEmpty();
        assertThat(store.list()).isEmpty();
    }

    @Test
    void refusesLayersThatUnpackToMoreThanTheLimit() throws Exception {
        byte[] zeros = new byte[(64 << 20) + 1];
        for (byte[] bomb : List.of(TestLayer.gzip(zeros), TestLayer.zstd(zeros))) {
            assertRefused(new TestImage().layer(zeros, bomb).built(), Kind.UNUSABLE, "bytes unpacked");
        }
        assertThat(in("unpacking")).isEmpty();
    }

    @Test
    void refusesCompressionThatIsBroken() throws Exception {
        byte[] compressed = TestLayer.gzip(LOWER);
        byte[] cut = Arrays.copyOf(compressed, compressed.length - 9);

        assertRefused(new TestImage().layer(LOWER, cut).built(), Kind.CORRUPT, "decompressed");
        assertRefused(
                new TestImage()
                        .layer(LOWER, new byte[] {0x1f, (byte) 0x8b, 1, 2})
                        .built(),
                Kind.CORRUPT,
                "decompressed");
    }

    private void assertRefused(ImageSource source, Kind kind, String message) {
        assertThatThrownBy(() -> pull(source))
                .isInstanceOfSatisfying(
                        ImageException.class, e -> assertThat(e.kind()).isEqualTo(kind))
                .hasMessageContaining(message);
    }

    @Test
    void receivesLayersAtTheSameTime() throws Exception {
        CountDownLatch both = new CountDownLatch(2);
        ImageSource waiting = new ImageSource() {
            @Override
            public GivenManifest manifest(String wanted) {
                return image.manifest(wanted);
            }

            @Override
            public GivenContent content(ContentDescriptor wanted, long offset)
                    throws InterruptedException, IOException {
                if (wanted.mediaType().contains("layer")) {
                    both.countDown();
                    if (!both.await(20, TimeUnit.SECONDS)) {
                        throw new IOException("the other layer is not asked for before this one has come");
                    }
                }
                return image.content(wanted, offset);
            }
        };

        assertThat(pull(waiting).layers()).hasSize(2);
    }

    @Test
    void keepsLayersThatAnAgentUses() throws Exception {
        StoredImage pulled = pull(source());
        List<Path> layers = store.use("agent", pulled);

        assertThat(store.remove(reference)).isTrue();
        assertThat(layers).allSatisfy(layer -> assertThat(layer).isDirectory());
        assertThat(store.usedBy("agent")).isPresent();

        store.release("agent");
        store.collect();
        assertThat(layers).noneSatisfy(layer -> assertThat(layer).exists());
        assertThat(in("unpacking")).isEmpty();
        assertThat(store.remove(reference)).isFalse();
        assertThatThrownBy(() -> store.use("agent", pulled)).hasMessageContaining("was removed from this node");
    }

    @Test
    void keepsLayersThatImagesShare() throws Exception {
        TestImage other = new TestImage().layer(LOWER, TestLayer.zstd(LOWER)).built();
        ImageReference otherReference = ImageReference.parse("registry.example/other:1");
        pull(source());
        store.pull(otherReference, other, Admission.ALL, TestImage.PLATFORM, PullObserver.NONE);
        assertThat(in("layers")).hasSize(2);

        store.remove(reference);

        assertThat(in("layers")).hasSize(1);
        assertThat(store.use("agent", store.find(otherReference).orElseThrow()))
                .allSatisfy(layer -> assertThat(layer).isDirectory());
    }

    @Test
    void removesWhatIsUnusedWhereTheDiskNeedsRoom() throws Exception {
        StoredImage used = pull(source());
        ImageReference otherReference = ImageReference.parse("registry.example/other:1");
        store.pull(otherReference, new TestImage().built(), Admission.ALL, TestImage.PLATFORM, PullObserver.NONE);
        store.use("agent", used);

        assertThat(store.relieve(0)).isEmpty();
        assertThat(store.relieve(Long.MAX_VALUE)).containsExactly(otherReference);
        assertThat(store.list()).extracting(StoredImage::reference).containsExactly(reference);
    }

    @Test
    void isTidiedWhenItIsOpenedAfterACrash() throws Exception {
        pull(source());
        store.close();
        Path abandoned = Files.createDirectories(folder.resolve("unpacking/abandoned"));
        Files.writeString(abandoned.resolve("file"), "");
        Files.createDirectory(folder.resolve("layers/sha256-" + "ab".repeat(32)));
        Path old = Files.writeString(folder.resolve("partial/sha256-" + "cd".repeat(32)), "old");
        Files.setLastModifiedTime(old, FileTime.from(CLOCK.instant().minus(Duration.ofDays(2))));
        Path recent = Files.writeString(folder.resolve("partial/sha256-" + "ef".repeat(32)), "recent");
        Files.setLastModifiedTime(recent, FileTime.from(CLOCK.instant().minus(Duration.ofHours(1))));
        Files.copy(folder.resolve("images").resolve(in("images").getFirst()), folder.resolve("pulls/abandoned"));

        open();

        assertThat(in("unpacking")).isEmpty();
        assertThat(in("layers")).hasSize(2);
        assertThat(in("partial")).containsExactly(recent.getFileName().toString());
        assertThat(in("pulls")).isEmpty();
        assertThat(store.find(reference)).isPresent();
    }

    /** What a process is at is left alone as long as it lives, and is nobody's as soon as it does not. */
    @Test
    void aProcessThatIsKilledWhileItUnpacksLeavesNothing() throws Exception {
        Process pulling = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        CrashingPull.class.getName(),
                        folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            assertThat(pulling.inputReader().readLine()).isEqualTo("unpacking");
            store.collect();
            assertThat(in("unpacking")).hasSize(1);
            assertThat(in("pulls")).hasSize(1);
            assertThat(in("blobs")).isNotEmpty();
        } finally {
            pulling.destroyForcibly().waitFor();
        }

        store.collect();
        assertThat(in("unpacking")).isEmpty();
        assertThat(in("pulls")).isEmpty();
        assertThat(in("layers")).isEmpty();
        StoredImage pulled = store.pull(
                CrashingPull.REFERENCE, CrashingPull.image(), Admission.ALL, TestImage.PLATFORM, PullObserver.NONE);
        assertThat(store.use("agent", pulled).getFirst().resolve("archive")).hasBinaryContent(CrashingPull.LAYER);
    }

    /** What the record of an agent's use can't tell might be any layer. */
    @Test
    void removesNoLayerWhileItCannotBeReadWhichOnesAnAgentHas() throws Exception {
        List<Path> layers = store.use("agent", pull(source()));
        store.remove(reference);
        Files.writeString(folder.resolve("uses/agent"), "{");
        store.close();

        open();

        assertThat(layers).allSatisfy(layer -> assertThat(layer).isDirectory());
        assertThat(store.userNames()).containsExactly("agent");
        assertThat(store.users()).isEmpty();
        assertThat(store.relieve(Long.MAX_VALUE)).isEmpty();
        assertThatThrownBy(() -> store.usedBy("agent")).hasMessageContaining("is damaged");
        store.release("agent");
        store.collect();
        assertThat(layers).noneSatisfy(layer -> assertThat(layer).exists());
    }

    @Test
    void anImageWithADamagedRecordIsPulledAgainAndTheOthersAreThere() throws Exception {
        List<Path> layers = store.use("agent", pull(source()));
        ImageReference otherReference = ImageReference.parse("registry.example/other:1");
        store.pull(otherReference, new TestImage().built(), Admission.ALL, TestImage.PLATFORM, PullObserver.NONE);
        String record = ImageRecords.nameFor(reference);
        Files.writeString(folder.resolve("images").resolve(record), "{\"reference\": ");
        Files.createDirectory(folder.resolve("layers/of nobody"));
        store.close();

        open();

        assertThat(store.list()).extracting(StoredImage::reference).containsExactly(otherReference);
        assertThat(in("images")).contains(record + ".damaged").doesNotContain(record);
        assertThat(layers).allSatisfy(layer -> assertThat(layer).isDirectory());
        assertThat(store.usedBy("agent")).isPresent();
        pull(source());
        assertThat(store.find(reference)).isPresent();
    }

    /** A layer that is being unpacked, and who may go on once it is to be done. */
    private final class SlowLayers implements ImageSource {
        private final CountDownLatch asked = new CountDownLatch(1);
        private final CountDownLatch goOn = new CountDownLatch(1);

        @Override
        public GivenManifest manifest(String wanted) {
            return image.manifest(wanted);
        }

        @Override
        public GivenContent content(ContentDescriptor wanted, long offset) throws InterruptedException {
            if (wanted.mediaType().contains("layer")) {
                asked.countDown();
                goOn.await();
            }
            return image.content(wanted, offset);
        }
    }

    /** Each run of a service opens the store of the machine, and closes it at its end. */
    @Test
    void isOneForAllWhoOpenItInThisProcess() throws Exception {
        Path other = Files.createSymbolicLink(folder.resolveSibling(folder.getFileName() + "-link"), folder);
        SlowLayers slow = new SlowLayers();
        FutureTask<StoredImage> pulling = new FutureTask<>(() -> pull(slow));
        Thread.ofPlatform().daemon().start(pulling);
        slow.asked.await();
        String pull = in("pulls").getFirst();

        ImageStore second = ImageStore.open(other, new WholeArchives(), LIMITS, CLOCK);
        second.pull(
                ImageReference.parse("registry.example/other:1"),
                new TestImage().built(),
                Admission.ALL,
                TestImage.PLATFORM,
                PullObserver.NONE);
        second.close();
        second.close();

        assertThat(in("pulls")).containsExactly(pull);
        if (OtherProcess.canLook()) {
            assertThat(OtherProcess.seesLocked(folder.resolve("locks"), pull)).isTrue();
        }
        slow.goOn.countDown();
        assertThat(store.use("agent", pulling.get(20, TimeUnit.SECONDS))).hasSize(2);
        Files.delete(other);
    }

    @Test
    void keepsItsLocksUntilItsPullsHaveEnded() throws Exception {
        SlowLayers slow = new SlowLayers();
        FutureTask<StoredImage> pulling = new FutureTask<>(() -> pull(slow));
        Thread.ofPlatform().daemon().start(pulling);
        slow.asked.await();
        store.close();

        open();

        assertThat(in("pulls")).hasSize(1);
        slow.goOn.countDown();
        assertThat(store.use("agent", pulling.get(20, TimeUnit.SECONDS))).hasSize(2);
        assertThat(in("pulls")).isEmpty();
        store.close();
        assertThatThrownBy(() -> pull(image)).hasMessageContaining("is closed");
    }

    @Test
    void whatTheFirstOfAProcessSaysCounts() throws Exception {
        StoreLimits none = new StoreLimits(1, 1, 0, 0, 1, Duration.ofMillis(1));
        try (ImageStore second = ImageStore.open(folder, new WholeArchives(), none, Clock.systemUTC())) {
            StoredImage pulled = second.pull(reference, image, Admission.ALL, TestImage.PLATFORM, PullObserver.NONE);
            assertThat(pulled.pulledAt()).isEqualTo(CLOCK.instant());
        }
    }

    @Test
    void pullsAsItsPolicySays() throws Exception {
        assertThatThrownBy(() -> get(PullPolicy.NEVER)).hasMessageContaining("never to be pulled");
        StoredImage pulled = get(PullPolicy.IF_NOT_PRESENT);
        int asked = registry.asked.size();
        assertThat(get(PullPolicy.IF_NOT_PRESENT)).isEqualTo(pulled);
        assertThat(get(PullPolicy.NEVER)).isEqualTo(pulled);
        assertThat(registry.asked).hasSize(asked);
        assertThat(get(PullPolicy.ALWAYS)).isEqualTo(pulled);
        assertThat(registry.asked).hasSizeGreaterThan(asked);
        assertThat(PullPolicy.usualFor(ImageReference.parse("debian"))).isEqualTo(PullPolicy.ALWAYS);
        assertThat(PullPolicy.usualFor(reference)).isEqualTo(PullPolicy.IF_NOT_PRESENT);
        assertThat(PullPolicy.usualFor(ImageReference.parse("debian").pinned(image.index())))
                .isEqualTo(PullPolicy.IF_NOT_PRESENT);
    }

    /** A disk that was away for a while, or somebody who tidied it by hand. */
    @Test
    void pullsAgainWhereAPartIsMissing() throws Exception {
        StoredImage pulled = get(PullPolicy.IF_NOT_PRESENT);
        List<Path> layers = store.use("agent", pulled);
        for (Path part : List.of(
                layers.getFirst(),
                folder.resolve("blobs")
                        .resolve(BlobStore.nameOf(pulled.documents().getLast())))) {
            new WholeArchives().delete(part);

            assertThatThrownBy(() -> store.use("other", pulled))
                    .isInstanceOfSatisfying(
                            ImageException.class, e -> assertThat(e.kind()).isEqualTo(Kind.NOT_FOUND));
            assertThat(store.userNames()).containsExactly("agent");
            assertThatThrownBy(() -> get(PullPolicy.NEVER)).hasMessageContaining("never to be pulled");
            assertThat(get(PullPolicy.IF_NOT_PRESENT).digest()).isEqualTo(pulled.digest());
            assertThat(part).exists();
        }
        assertThat(store.configuration(pulled).entrypoint()).containsExactly("/run");
    }

    @Test
    void asksWhereAnImageComesFromOnlyToPullIt() throws Exception {
        ImageStore.Origin none = () -> {
            throw new IOException("there is nobody to ask");
        };
        assertThatThrownBy(() -> store.get(
                        reference,
                        PullPolicy.IF_NOT_PRESENT,
                        none,
                        Admission.ALL,
                        TestImage.PLATFORM,
                        PullObserver.NONE))
                .hasMessage("there is nobody to ask");
        StoredImage pulled = pull(source());

        for (PullPolicy policy : List.of(PullPolicy.IF_NOT_PRESENT, PullPolicy.NEVER)) {
            assertThat(store.get(reference, policy, none, Admission.ALL, TestImage.PLATFORM, PullObserver.NONE))
                    .isEqualTo(pulled);
        }
    }

    /** A disk that has room for the files of two layers. */
    private static final class SmallDisk implements LayerFiles {
        private final WholeArchives files = new WholeArchives();

        @Override
        public void unpack(InputStream archive, Path directory, Taking taking) throws IOException {
            files.unpack(archive, directory, taking);
        }

        @Override
        public long freeFiles(Path directory) throws IOException {
            try (Stream<Path> layers = Files.list(directory.resolveSibling("layers"))) {
                return 4 - layers.count();
            }
        }

        @Override
        public void delete(Path directory) throws IOException {
            files.delete(directory);
        }
    }

    @Test
    void removesWhatNoAgentHasWhereAnAgentsImageHasNoRoom() throws Exception {
        store.close();
        store = ImageStore.open(
                folder, new SmallDisk(), new StoreLimits(1, 64 << 20, 0, 3, 3, Duration.ofMillis(1)), CLOCK);
        byte[] layer = new TestLayer().file("used", "1").tar();
        TestImage usedImage =
                new TestImage().layer(layer, TestLayer.gzip(layer)).built();
        ImageReference used = ImageReference.parse("registry.example/used:1");
        store.use("agent", store.pull(used, usedImage, Admission.ALL, TestImage.PLATFORM, PullObserver.NONE));
        ImageReference unused = ImageReference.parse("registry.example/unused:1");
        byte[] other = new TestLayer().file("unused", "1").tar();
        TestImage unusedImage =
                new TestImage().layer(other, TestLayer.gzip(other)).built();
        store.pull(unused, unusedImage, Admission.ALL, TestImage.PLATFORM, PullObserver.NONE);
        TestImage wanted = new TestImage().layer(LOWER, TestLayer.gzip(LOWER)).built();

        // Who pulls by hand decides himself what goes.
        assertThatThrownBy(() -> store.pull(reference, wanted, Admission.ALL, TestImage.PLATFORM, PullObserver.NONE))
                .isInstanceOfSatisfying(
                        ImageException.class, e -> assertThat(e.kind()).isEqualTo(Kind.NO_ROOM));
        assertThat(store.list()).hasSize(2);

        store.get(reference, PullPolicy.ALWAYS, () -> wanted, Admission.ALL, TestImage.PLATFORM, PullObserver.NONE);
        assertThat(store.list()).extracting(StoredImage::reference).containsExactlyInAnyOrder(used, reference);
        assertThat(in("layers")).hasSize(2);
    }

    /** Virtual threads' carriers serve every agent. */
    @Test
    void unpacksOnThreadsOfItsOwn() throws Exception {
        Set<Boolean> virtual = ConcurrentHashMap.newKeySet();
        PullObserver observer = new PullObserver() {
            @Override
            public void received(Digest content, long bytes, long of) {}

            @Override
            public void unpacked(Digest layer) {
                virtual.add(Thread.currentThread().isVirtual());
            }
        };
        store.pull(reference, image, Admission.ALL, TestImage.PLATFORM, observer);

        assertThat(virtual).containsExactly(false);
    }

    private StoredImage get(PullPolicy policy) throws IOException, InterruptedException {
        return store.get(reference, policy, this::source, Admission.ALL, TestImage.PLATFORM, PullObserver.NONE);
    }

    @Test
    void refusesWhatTheDiskHasNoRoomFor() throws Exception {
        store.close();
        store = ImageStore.open(
                folder,
                new WholeArchives(),
                new StoreLimits(1, 64 << 20, Long.MAX_VALUE / 2, 0, 3, Duration.ofMillis(1)),
                CLOCK);

        assertRefused(source(), Kind.NO_ROOM, "0 bytes left for images");
        assertThat(registry.asked).isEmpty();
    }

    @Test
    void stopsUnpackingWhereTheDiskHasNoMoreFiles() throws Exception {
        store.close();
        store = ImageStore.open(
                folder, new WholeArchives(), new StoreLimits(1, 64 << 20, 0, 101, 3, Duration.ofMillis(1)), CLOCK);

        assertRefused(source(), Kind.NO_ROOM, "room for 100 more files (inodes); 101 stay free");
        assertThat(in("unpacking")).isEmpty();
        assertThat(in("layers")).isEmpty();
    }

    @Test
    void removesWhatNobodyHasANameForBeforeAnImage() throws Exception {
        StoredImage pulled = pull(source());
        store.use("agent", pulled);
        store.remove(reference);
        store.release("agent");

        assertThat(store.relieve(0)).isEmpty();
        assertThat(in("layers")).isEmpty();
    }

    /** Other bytes, fewer and more. */
    @Test
    void asksTheRegistryForWhatAMirrorHasWrongly() throws Exception {
        byte[] compressed = TestLayer.zstd(UPPER);
        Digest layer = Digest.of(compressed);
        byte[] other = compressed.clone();
        other[other.length / 2] ^= 1;
        for (byte[] wrong : List.of(
                other,
                Arrays.copyOf(compressed, compressed.length - 1),
                Arrays.copyOf(compressed, compressed.length + 1))) {
            try (TestRegistry mirror = new TestRegistry().with("team/agent", "1", image)) {
                mirror.replace("team/agent", layer, wrong);

                assertThat(pull(mirroredBy(mirror)).layers()).hasSize(2);
                assertThat(registry.countOf("/blobs/" + layer)).isEqualTo(1);
                assertThat(mirror.countOf("/blobs/" + received(TestLayer.gzip(LOWER))))
                        .isEqualTo(1);
            }
            registry.asked.clear();
            store.remove(reference);
        }
    }

    @Test
    void asksTheRegistryForAManifestThatAMirrorHasWrongly() throws Exception {
        try (TestRegistry mirror = new TestRegistry().with("team/agent", "1", image)) {
            mirror.replace("team/agent", image.manifest(), image.bytes(image.index()));

            assertThat(pull(mirroredBy(mirror)).digest()).isEqualTo(image.index());
            assertThat(registry.countOf("/manifests/" + image.manifest())).isEqualTo(1);
            assertThat(registry.countOf("/blobs/")).isZero();
        }
    }

    private ImageSource mirroredBy(TestRegistry mirror) throws IOException {
        RegistrySettings settings = new RegistrySettings(
                Map.of(registry.host(), List.of(mirror.host())),
                Set.of(registry.host(), mirror.host()),
                Optional.empty(),
                Duration.ofSeconds(20));
        return new RegistryClient(settings).source(reference, RegistryCredentials.NONE);
    }
}
