package dev.agentcontainers.localcluster.binaries;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.localcluster.ControlPlaneFailedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With a shell script in the place of {@code go}, which takes the same arguments. */
class BinaryCacheTest {

    @TempDir
    private Path folder;

    private final ConcurrentLinkedQueue<String> progress = new ConcurrentLinkedQueue<>();
    private BinaryCache cache;

    @BeforeEach
    void onlyOnPosix() {
        assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "needs /bin/sh");
        cache = new BinaryCache(folder.resolve("cache"), BinaryRecipe.pinned(), new Platform("linux", "amd64"));
    }

    @Test
    void buildsOnceAndFindsAgain() throws IOException {
        GoToolchain go = go("echo built >> " + folder.resolve("count"));

        ControlPlaneBinaries first = cache.findOrBuild(go, progress::add);
        ControlPlaneBinaries second = cache.findOrBuild(go, progress::add);

        assertThat(first.missing()).isEmpty();
        assertThat(second).isEqualTo(first);
        assertThat(Files.readAllLines(folder.resolve("count"))).hasSize(Target.values().length);
        assertThat(progress).anyMatch(line -> line.startsWith("building kube-apiserver (3 of 4"));
        assertThat(visible()).containsExactly(cache.folder());
    }

    @Test
    void leavesNothingOfABuildThatFails() throws IOException {
        GoToolchain go = go("case \"$*\" in *kube-apiserver) echo no such module; exit 3;; esac");

        assertThatThrownBy(() -> cache.findOrBuild(go, progress::add))
                .isInstanceOf(ControlPlaneFailedException.class)
                .hasMessageContaining("cannot build kube-apiserver v1.37.2 with Go 1.26")
                .hasMessageContaining("exit code 3")
                .hasMessageContaining("no such module");
        assertThat(visible()).isEmpty();
        assertThat(cache.find()).isEmpty();
    }

    @Test
    void removesWhatAnInterruptedBuildLeft() throws IOException {
        Path draft = cache.folder().resolveSibling(".building-" + cache.folder().getFileName() + "-123");
        Files.createDirectories(draft.resolve("output"));
        Files.writeString(draft.resolve("output/etcd"), "half");

        cache.findOrBuild(go("true"), progress::add);

        assertThat(draft).doesNotExist();
    }

    @Test
    void lettingTwoAskAtOnceBuildsOnce() throws Exception {
        GoToolchain go = go("sleep 0.2; echo built >> " + folder.resolve("count"));
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<ControlPlaneBinaries>> asked = Stream.generate(() -> 0)
                    .limit(2)
                    .map(i -> pool.submit(() -> cache.findOrBuild(go, progress::add)))
                    .toList();
            for (Future<ControlPlaneBinaries> binaries : asked) {
                assertThat(binaries.get().missing()).isEmpty();
            }
        }

        assertThat(Files.readAllLines(folder.resolve("count"))).hasSize(Target.values().length);
        assertThat(progress).anyMatch(line -> line.startsWith("waiting for another process that builds"));
    }

    @Test
    void keepsItsFilesWhereTheUserWants() {
        assertThat(CacheFolder.of(Map.of("AGENTCONTAINERS_CACHE", "/a", "XDG_CACHE_HOME", "/x")))
                .isEqualTo(Path.of("/a"));
        assertThat(CacheFolder.of(Map.of("XDG_CACHE_HOME", "/x"))).isEqualTo(Path.of("/x/agentcontainers"));
        assertThat(CacheFolder.of(Map.of("AGENTCONTAINERS_CACHE", " ")))
                .isEqualTo(Path.of(System.getProperty("user.home"), ".cache/agentcontainers"));
    }

    /** A toolchain that runs the command and then writes an executable to the path behind -o. */
    private GoToolchain go(String command) throws IOException {
        Path script = folder.resolve("go");
        Files.writeString(script, """
                #!/bin/sh
                %s
                while [ "$1" != -o ]; do shift; done
                touch "$2" && chmod +x "$2"
                """.formatted(command));
        assertThat(script.toFile().setExecutable(true)).isTrue();
        return new GoToolchain(script, GoToolchain.NEEDED_MINOR);
    }

    private List<Path> visible() throws IOException {
        try (Stream<Path> entries = Files.list(cache.folder().getParent())) {
            return entries.filter(entry -> !entry.toString().endsWith(".lock")).toList();
        }
    }
}
