package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.nodeagent.driver.KeptFiles;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.IntSupplier;

/** Files that are worked with until whoever does is interrupted, where that is asked for. */
final class FakeKeptFiles implements KeptFiles {
    final CountDownLatch begun = new CountDownLatch(1);
    final List<SandboxSpec> specs = new ArrayList<>();
    private final IntSupplier starts;
    volatile boolean endless;
    volatile int startsAtItsEnd = -1;

    /** @param starts how often agents were started until now */
    FakeKeptFiles(IntSupplier starts) {
        this.starts = starts;
    }

    @Override
    public Contents save(SandboxSpec spec, Origin origin, OutputStream archive) throws IOException {
        specs.add(spec);
        archive.write(origin.agent().getBytes(java.nio.charset.StandardCharsets.UTF_8));
        if (endless) {
            begun.countDown();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                startsAtItsEnd = starts.getAsInt();
                throw new InterruptedIOException("interrupted");
            }
        }
        return new Contents(1, 1, Map.of());
    }

    @Override
    public Contents restore(SandboxSpec spec, InputStream archive) {
        specs.add(spec);
        return new Contents(1, 1, Map.of());
    }
}
