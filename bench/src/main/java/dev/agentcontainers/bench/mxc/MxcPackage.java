package dev.agentcontainers.bench.mxc;

import dev.agentcontainers.bench.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Map;

/**
 * The executor of Microsoft's MXC SDK. It is meant for users without rights: a caller that is root would be root inside.
 *
 * @param executor takes the file with a sandbox's configuration
 */
public record MxcPackage(Path executor) {
    public static final String VERSION = "1.0.1";

    /** The user and group, without any rights, as whom it runs. */
    public static final String NOBODY = "65534";

    private static final String PACKAGE = "@microsoft/mxc-sdk@" + VERSION;
    private static final Map<String, String> ARCHITECTURES = Map.of("amd64", "x64", "aarch64", "arm64");

    /**
     * Unpacks it into that folder.
     *
     * @param downloads where the package is kept from one run to the next
     */
    public static MxcPackage unpack(Path downloads, Path folder) throws IOException {
        Commands.require("npm", "bwrap", "setpriv", "tar");
        Path archive = downloads.resolve("microsoft-mxc-sdk-%s.tgz".formatted(VERSION));
        if (!Files.exists(archive)) {
            Files.createDirectories(downloads);
            // Checks it against the digest that the registry has.
            Commands.run("npm", "pack", "--silent", "--pack-destination", downloads.toString(), PACKAGE);
        }
        String architecture = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        Commands.run(
                "tar",
                "-xzf",
                archive.toString(),
                "-C",
                folder.toString(),
                "--strip-components=3",
                "package/bin/%s/lxc-exec".formatted(ARCHITECTURES.getOrDefault(architecture, architecture)));
        Path executor = folder.resolve("lxc-exec");
        Files.setPosixFilePermissions(executor, PosixFilePermissions.fromString("rwxr-xr-x"));
        return new MxcPackage(executor);
    }
}
