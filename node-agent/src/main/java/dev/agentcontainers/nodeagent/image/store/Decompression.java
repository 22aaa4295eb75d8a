package dev.agentcontainers.nodeagent.image.store;

import com.github.luben.zstd.ZstdInputStream;
import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;

/**
 * Undoes a layer's compression, which its first bytes tell: media types are at times wrong about it, and it is the unpacked
 * content that is checked.
 */
final class Decompression {
    private static final int BUFFER = 64 << 10;

    /** Base 2 logarithm of the most memory that a zstd stream may ask for: 128 MiB, the format's own recommendation. */
    private static final int ZSTD_WINDOW = 27;

    private Decompression() {}

    /** Closing it closes {@code compressed}. */
    static InputStream of(InputStream compressed) throws IOException {
        BufferedInputStream buffered = new BufferedInputStream(compressed, BUFFER);
        buffered.mark(4);
        byte[] magic = buffered.readNBytes(4);
        buffered.reset();
        try {
            if (begins(magic, 0x1f, 0x8b)) {
                return new GZIPInputStream(buffered, BUFFER);
            }
            // A frame, or one of those that readers skip, with which some tools begin.
            if (begins(magic, 0x28, 0xb5, 0x2f, 0xfd) || (magic.length == 4 && isSkippable(magic))) {
                return new ZstdInputStream(buffered).setContinuous(false).setLongMax(ZSTD_WINDOW);
            }
        } catch (IOException e) {
            throw new ImageException(Kind.CORRUPT, "a layer can't be decompressed: " + e.getMessage(), e);
        }
        return buffered;
    }

    private static boolean isSkippable(byte[] magic) {
        return (magic[0] & 0xf0) == 0x50 && begins(new byte[] {magic[1], magic[2], magic[3]}, 0x2a, 0x4d, 0x18);
    }

    private static boolean begins(byte[] content, int... bytes) {
        if (content.length < bytes.length) {
            return false;
        }
        for (int i = 0; i < bytes.length; i++) {
            if ((content[i] & 0xff) != bytes[i]) {
                return false;
            }
        }
        return true;
    }
}
