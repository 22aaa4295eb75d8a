package dev.agentcontainers.nodeagent.audit;

import java.util.Optional;

/**
 * How much is kept on disk, and where it goes besides.
 *
 * @param fileBytes size at which a file is begun anew
 * @param files how many there are at most, the one being written included
 * @param otlp the collector that it is sent to; empty for none
 */
public record AuditSettings(long fileBytes, int files, Optional<OtlpSettings> otlp) {
    private static final long SMALLEST = 64 * 1024;
    private static final int MOST_FILES = 1000;

    public static final AuditSettings DEFAULT = new AuditSettings(32L << 20, 8, Optional.empty());

    /** @throws IllegalArgumentException naming the setting that can't be */
    public AuditSettings {
        if (fileBytes < SMALLEST) {
            throw new IllegalArgumentException(
                    "audit-file-size is " + fileBytes + " bytes, must be " + SMALLEST + " or more");
        }
        if (files < 1 || files > MOST_FILES) {
            throw new IllegalArgumentException("audit-files is " + files + ", must be 1 to " + MOST_FILES);
        }
    }
}
