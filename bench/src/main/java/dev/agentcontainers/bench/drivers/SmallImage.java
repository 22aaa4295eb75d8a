package dev.agentcontainers.bench.drivers;

import dev.agentcontainers.bench.Commands;
import java.nio.file.Path;

/** What agents from images run from: some of the host's programs with the libraries that they need. */
public final class SmallImage {
    private SmallImage() {}

    /** Its only layer, made below that folder; with {@code date}, {@code sleep} and {@code true}. */
    public static Path layer(Path folder) {
        Path layer = folder.resolve("layer");
        Commands.run(
                "sh",
                "-ec",
                "umask 022; mkdir -p $0/bin $0/etc; cp -L /bin/date /bin/sleep /bin/true $0/bin;"
                        + " for l in $(ldd /bin/date /bin/sleep /bin/true | grep -o '/[^ )]*' | grep '\\.so' | sort -u);"
                        + " do mkdir -p $0$(dirname $l); cp -L $l $0$l; done",
                layer.toString());
        return layer;
    }
}
