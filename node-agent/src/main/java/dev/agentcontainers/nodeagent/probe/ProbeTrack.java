package dev.agentcontainers.nodeagent.probe;

import dev.agentcontainers.nodeagent.sandbox.Probe;

/**
 * Counts one probe's results as the kubelet does (pkg/kubelet/prober, worker.go): what it says changes where as many results in
 * a row as its threshold say otherwise. Not thread-safe.
 */
final class ProbeTrack {
    private final Probe probe;
    private boolean succeeds;
    private boolean lastSucceeded;
    private int inARow;
    private String lastFailure = "";

    /** @param succeeds what it says before the first result */
    ProbeTrack(Probe probe, boolean succeeds) {
        this.probe = probe;
        this.succeeds = succeeds;
    }

    /** @return whether a threshold is reached by it, also where that says nothing new */
    boolean take(ProbeResult result) {
        boolean succeeded = switch (result) {
            case ProbeResult.Success _ -> true;
            case ProbeResult.Failure(String message) -> {
                lastFailure = message;
                yield false;
            }
            case ProbeResult.Unknown(String message) -> {
                lastFailure = message;
                yield false;
            }
        };
        inARow = inARow > 0 && succeeded == lastSucceeded ? inARow + 1 : 1;
        lastSucceeded = succeeded;
        boolean reached = inARow >= (succeeded ? probe.successThreshold() : probe.failureThreshold());
        if (reached) {
            succeeds = succeeded;
            // It goes on for as long as the agent runs.
            inARow = Math.min(inARow, Math.max(probe.successThreshold(), probe.failureThreshold()));
        }
        return reached;
    }

    boolean succeeds() {
        return succeeds;
    }

    String lastFailure() {
        return lastFailure;
    }
}
