package dev.agentcontainers.nodeagent.linux.image;

import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Reads small files of a root that strangers made: links lead inside of the root only, and nothing but a file is read. Safe
 * where an agent changes the root meanwhile.
 */
record ImageFiles(LayerCalls calls, Path root) {
    private static final int LARGEST = 1 << 20;

    /** What a file says; nothing where there is none. */
    String text(String path) throws IOException {
        int directory = check("open " + root, calls.openRoot(root.toString()));
        try {
            int file = calls.openFileWithin(directory, path);
            if (file == -LayerCalls.ENOENT || file == -LayerCalls.ENOTDIR) {
                return "";
            }
            if (file == -LayerCalls.ELOOP) {
                throw new ImageException(Kind.UNUSABLE, "the image's " + path + " is a link that leads to no file");
            }
            check("open an image's " + path, file);
            try {
                return read(file, path);
            } finally {
                calls.close(file);
            }
        } finally {
            calls.close(directory);
        }
    }

    private String read(int file, String path) throws IOException {
        if ((check("look at an image's " + path, calls.modeOf(file)) & LayerCalls.TYPE) != LayerCalls.FILE) {
            throw new ImageException(Kind.UNUSABLE, "the image's " + path + " is not a file");
        }
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        byte[] piece = new byte[16 << 10];
        for (int count = calls.read(file, piece); count != 0; count = calls.read(file, piece)) {
            content.write(piece, 0, check("read an image's " + path, count));
            if (content.size() > LARGEST) {
                throw new ImageException(
                        Kind.UNUSABLE,
                        "the image's " + path + " has more than the " + LARGEST + " bytes that are read");
            }
        }
        return content.toString(StandardCharsets.UTF_8);
    }

    private static int check(String action, int answer) throws SystemCallException {
        if (answer < 0) {
            throw new SystemCallException(action, -answer, LinuxNamespaceCalls.describe(-answer));
        }
        return answer;
    }
}
