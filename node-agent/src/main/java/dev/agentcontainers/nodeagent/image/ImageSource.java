package dev.agentcontainers.nodeagent.image;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/** Has the content of an image. What it gives is believed only as far as a digest proves it. Thread-safe. */
public interface ImageSource {
    /**
     * A manifest, whole.
     *
     * @param content at most {@link ImageDocuments#LARGEST} bytes
     * @param declared the media type that it comes with, where there is one
     */
    record GivenManifest(byte[] content, Optional<String> declared) {}

    /**
     * Gives a manifest.
     *
     * @param wanted a tag, or a digest which the caller checks
     */
    GivenManifest manifest(String wanted) throws IOException, InterruptedException;

    /** Other content from {@code offset} on, or from its beginning where the source can't leave out what is asked. */
    GivenContent content(ContentDescriptor wanted, long offset) throws IOException, InterruptedException;

    /**
     * Is told that what it gave of content is not what its digest says, or never came whole.
     *
     * @return whether somebody else will be asked for it from now on
     */
    default boolean leaveOut(Digest digest) {
        return false;
    }

    /** Where signatures of the image are looked for, one after the other; empty where content comes without any. */
    default List<SignatureSource> signatures() {
        return List.of();
    }

    /**
     * A stream of content.
     *
     * @param offset of its first byte
     */
    record GivenContent(InputStream stream, long offset) implements Closeable {
        @Override
        public void close() throws IOException {
            stream.close();
        }
    }
}
