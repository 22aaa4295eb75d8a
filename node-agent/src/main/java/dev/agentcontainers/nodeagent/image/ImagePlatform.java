package dev.agentcontainers.nodeagent.image;

/**
 * What an image's programs run on, in the words of the Go language, which the specification uses.
 *
 * @param variant of the architecture, for example {@code v8}; empty where it has none
 */
public record ImagePlatform(String os, String architecture, String variant) {
    /** Of Linux on the processors that this process runs on. */
    public static ImagePlatform ofThisMachine() {
        return System.getProperty("os.arch").equals("aarch64")
                ? new ImagePlatform("linux", "arm64", "v8")
                : new ImagePlatform("linux", "amd64", "");
    }

    /** Whether programs for {@code other} run here. */
    public boolean runs(ImagePlatform other) {
        return os.equals(other.os) && architecture.equals(other.architecture) && runsVariant(other.variant);
    }

    /** Every 64-bit ARM is a v8; newer variants of amd64 are only taken by machines that say that they are. */
    private boolean runsVariant(String wanted) {
        return wanted.isEmpty()
                || wanted.equals(variant)
                || (architecture.equals("arm64") && wanted.equals("v8"))
                || (architecture.equals("amd64") && wanted.equals("v1"));
    }

    @Override
    public String toString() {
        return os + "/" + architecture + (variant.isEmpty() ? "" : "/" + variant);
    }
}
