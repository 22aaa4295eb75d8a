package dev.agentcontainers.nodeagent.linux.image;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Tells by trying whether layers can be unpacked here: root in a container is not let do all of it, nor does every filesystem. */
public final class LayerSupport {
    private static final int LAST_ID = 65_535;

    private LayerSupport() {}

    /** @param folder where a directory for trying is made and removed again */
    public static void assume(Path folder) throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "layers are unpacked by root");
        Path tried = Files.createDirectory(folder.resolve("tried"));
        LayerCalls calls = LayerCalls.ofThisMachine();
        try {
            int directory = works("open a directory", calls.openRoot(tried.toString()));
            try {
                calls.close(works("openat2", calls.openWithin(directory, ".")));
                works("make a device file", calls.makeWhiteout(directory, "gone"));
                works("set a trusted attribute", calls.makeOpaque(directory));
                works("give a directory away", calls.changeOwner(directory, LAST_ID, LAST_ID));
            } finally {
                calls.close(directory);
            }
        } finally {
            DeepDeletion.delete(tried);
        }
    }

    private static int works(String action, int answer) {
        assumeTrue(answer >= 0, () -> action + " does not work here: " + LinuxNamespaceCalls.describe(-answer));
        return answer;
    }
}
