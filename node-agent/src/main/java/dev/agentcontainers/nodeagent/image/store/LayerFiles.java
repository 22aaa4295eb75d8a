package dev.agentcontainers.nodeagent.image.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;

/** What the operating system does about layers. Thread-safe. */
public interface LayerFiles {
    /**
     * Unpacks a layer into an empty directory and has it written to the disk. Never writes outside of the directory, and
     * stops at limits of its own, whatever the archive says.
     *
     * @param archive a tar archive, not compressed; need not be read to its end
     */
    void unpack(InputStream archive, Path directory) throws IOException;

    /** Removes a directory of layers, finished or not, with everything in it. No effect where there is none. */
    void delete(Path directory) throws IOException;
}
