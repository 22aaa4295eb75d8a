package dev.agentcontainers.nodeagent.image;

import dev.agentcontainers.nodeagent.image.store.LayerFiles;
import java.io.InputStream;
import java.nio.file.Path;

/** For nodes of tests on which no image is ever unpacked. */
public final class NoLayers implements LayerFiles {
    @Override
    public void unpack(InputStream archive, Path directory, Taking taking) {
        throw new AssertionError("not needed");
    }

    @Override
    public long freeFiles(Path directory) {
        return Long.MAX_VALUE;
    }

    @Override
    public void delete(Path directory) {
        throw new AssertionError("not needed");
    }
}
