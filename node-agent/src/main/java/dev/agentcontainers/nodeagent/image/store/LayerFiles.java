package dev.agentcontainers.nodeagent.image.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;

/** What the operating system does about layers. Thread-safe. */
public interface LayerFiles {
    /** What the layers of one image take of this machine. Thread-safe. */
    interface Taking {
        /**
         * Before so much content is written.
         *
         * @throws dev.agentcontainers.nodeagent.image.ImageException where that is too much of one image, or for the disk
         */
        void content(long bytes) throws IOException;

        /** Before a file, a directory or a link is made; throws as {@link #content} does. */
        void file() throws IOException;
    }

    /**
     * Unpacks a layer into an empty directory and has it written to the disk. Never writes outside of the directory, and
     * stops at limits of its own, whatever the archive says, and where its thread is interrupted.
     *
     * @param archive a tar archive, not compressed; need not be read to its end
     * @param taking is told of everything before it is written, holes of sparse files included
     */
    void unpack(InputStream archive, Path directory, Taking taking) throws IOException;

    /** How many files more there can be beside a directory; {@link Long#MAX_VALUE} where its filesystem does not count them. */
    long freeFiles(Path directory) throws IOException;

    /** Removes a directory of layers, finished or not, with everything in it. No effect where there is none. */
    void delete(Path directory) throws IOException;
}
