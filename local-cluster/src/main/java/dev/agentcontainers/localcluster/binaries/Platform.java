package dev.agentcontainers.localcluster.binaries;

import java.util.Locale;

/**
 * An operating system and a processor architecture, in Go's names.
 *
 * @param os for example {@code linux}, {@code darwin}, {@code windows}
 * @param arch for example {@code amd64}, {@code arm64}
 */
public record Platform(String os, String arch) {

    public static Platform current() {
        return of(System.getProperty("os.name"), System.getProperty("os.arch"));
    }

    static Platform of(String osName, String osArch) {
        String lower = osName.toLowerCase(Locale.ROOT);
        String os = lower.startsWith("mac") ? "darwin" : lower.startsWith("windows") ? "windows" : lower;
        String arch = switch (osArch) {
            case "x86_64" -> "amd64";
            case "aarch64" -> "arm64";
            default -> osArch;
        };
        return new Platform(os, arch);
    }

    /** Whether etcd and kube-apiserver run as processes there. */
    public boolean runsControlPlane() {
        return os.equals("linux") || os.equals("darwin");
    }

    @Override
    public String toString() {
        return os + "-" + arch;
    }
}
