package dev.agentcontainers.nodeagent.image.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.PullPolicy;
import dev.agentcontainers.nodeagent.image.registry.RegistryCredentials;
import dev.agentcontainers.nodeagent.image.store.PullObserver;
import dev.agentcontainers.nodeagent.image.store.WholeArchives;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A store on a disk that is not there at first. */
@Timeout(60)
class AwaitedImagesTest {
    private static final SandboxId AGENT = new SandboxId("agent");
    private static final Duration SOON = Duration.ofMillis(5);

    @TempDir
    Path folder;

    private NodeImages open() throws IOException, InterruptedException {
        return NodeImages.open(
                ImageSettings.in(folder.resolve("disk/images")), new WholeArchives(), "node", Clock.systemUTC());
    }

    private static void assertTold(ThrowingCallable asked) {
        assertThatThrownBy(asked)
                .isInstanceOf(IOException.class)
                .isNotInstanceOf(ImageException.class)
                .hasMessageContaining("the store of images can't be opened")
                .hasMessageContaining("disk");
    }

    @Test
    void whatCannotBeOpenedIsSaidAndTriedUntilItCan() throws Exception {
        Files.writeString(folder.resolve("disk"), "no directory");
        try (AwaitedImages images = AwaitedImages.start(this::open, SOON)) {
            images.awaitFirstTry(Duration.ofSeconds(20));

            assertThat(images.warnings())
                    .singleElement()
                    .asString()
                    .startsWith("agents can't run from images yet")
                    .contains("disk");
            assertTold(() -> images.of(ImageUse.root(AGENT)));
            assertTold(() -> images.get(
                    ImageUse.root(AGENT),
                    ImageReference.parse("registry.example/agent:1"),
                    PullPolicy.NEVER,
                    RegistryCredentials.NONE,
                    PullObserver.NONE));
            assertTold(() -> images.release(AGENT));
            assertTold(images::holders);
            assertThat(images.relieve(Long.MAX_VALUE)).isEmpty();

            Files.delete(folder.resolve("disk"));
            await().until(() -> images.warnings().isEmpty());
            assertThat(images.of(ImageUse.root(AGENT))).isEmpty();
            assertThat(images.holders()).isEmpty();
            images.release(AGENT);
        }
    }

    /** A bug of the way to a disk, and not of the disk. */
    @Test
    void whateverKeepsItFromOpeningIsTriedAgain() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        AwaitedImages.Opening opening = () -> {
            if (tries.incrementAndGet() < 3) {
                throw new IllegalStateException("unexpected");
            }
            return open();
        };
        try (AwaitedImages images = AwaitedImages.start(opening, SOON)) {
            images.awaitFirstTry(Duration.ofSeconds(20));
            await().until(() -> tries.get() == 3 && images.warnings().isEmpty());
            assertThat(images.holders()).isEmpty();
        }
    }

    @Test
    void whatTakesLongIsWaitedForByNobodyElse() throws Exception {
        CountDownLatch slow = new CountDownLatch(1);
        AwaitedImages.Opening opening = () -> {
            slow.await();
            return open();
        };
        try (AwaitedImages images = AwaitedImages.start(opening, SOON)) {
            images.awaitFirstTry(Duration.ofMillis(1));
            assertThat(images.warnings()).isEmpty();
            assertThatThrownBy(() -> images.of(ImageUse.root(AGENT)))
                    .hasMessage("the store of images is still being opened");

            slow.countDown();
            images.awaitFirstTry(Duration.ofSeconds(20));
            assertThat(images.of(ImageUse.root(AGENT))).isEmpty();
        }
    }
}
