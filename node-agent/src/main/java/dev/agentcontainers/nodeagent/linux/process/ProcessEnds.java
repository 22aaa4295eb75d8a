package dev.agentcontainers.nodeagent.linux.process;

import java.util.concurrent.CompletableFuture;

/** Tells when processes end, whoever started them. Any number of virtual threads can wait here. Thread-safe. */
public final class ProcessEnds {
    private final ProcessCalls calls;
    private final DescriptorCalls descriptors;
    private final Readiness readiness;

    public ProcessEnds(ProcessCalls calls, DescriptorCalls descriptors, Readiness readiness) {
        this.calls = calls;
        this.descriptors = descriptors;
        this.readiness = readiness;
    }

    /** Completes when the process has ended. A caller that gives up cancels it, so that it is no longer watched. */
    public CompletableFuture<Void> of(ProcessIdentity process) {
        int descriptor = calls.openProcess(process.pid());
        if (descriptor < 0) {
            return CompletableFuture.completedFuture(null);
        }
        if (!process.isAlive()) {
            descriptors.close(descriptor);
            return CompletableFuture.completedFuture(null);
        }
        CompletableFuture<Void> end = readiness.toRead(descriptor);
        end.whenComplete((_, _) -> descriptors.close(descriptor));
        return end;
    }
}
