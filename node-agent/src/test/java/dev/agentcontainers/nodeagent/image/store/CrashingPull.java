package dev.agentcontainers.nodeagent.image.store;

import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.TestImage;
import dev.agentcontainers.nodeagent.image.TestLayer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;

/** A process that is killed while it unpacks a layer: it says when it is that far, and goes no further. */
final class CrashingPull {
    static final byte[] LAYER = new TestLayer().file("a", "b").tar();
    static final ImageReference REFERENCE = ImageReference.parse("registry.example/agent:1");

    private CrashingPull() {}

    static TestImage image() {
        return new TestImage().layer(LAYER, TestLayer.gzip(LAYER)).built();
    }

    /** Runs it. Argument: the store's directory. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        LayerFiles waiting = new LayerFiles() {
            @Override
            public void unpack(InputStream archive, Path directory, Taking taking) throws IOException {
                Files.writeString(directory.resolve("half"), "half");
                System.out.println("unpacking");
                System.out.flush();
                if (System.in.read() < 0) {
                    throw new IOException("nobody killed it");
                }
            }

            @Override
            public void delete(Path directory) {}

            @Override
            public long freeFiles(Path directory) {
                return Long.MAX_VALUE;
            }
        };
        ImageStore.open(Path.of(arguments[0]), waiting, StoreLimits.DEFAULT, Clock.systemUTC())
                .pull(REFERENCE, image(), Admission.ALL, TestImage.PLATFORM, PullObserver.NONE);
    }
}
