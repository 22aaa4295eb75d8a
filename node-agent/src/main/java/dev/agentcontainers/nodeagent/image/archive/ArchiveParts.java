package dev.agentcontainers.nodeagent.image.archive;

import dev.agentcontainers.nodeagent.image.ImageDocuments;
import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import dev.agentcontainers.nodeagent.image.tar.BoundedTar;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;

/** The files of an archive of images, by their names in it. */
interface ArchiveParts {
    /** Empty where there is none of that name. */
    Optional<Path> file(String name);

    /** A file that is a document, whole. */
    default Optional<byte[]> document(String name) throws IOException {
        Optional<Path> file = file(name);
        if (file.isEmpty()) {
            return Optional.empty();
        }
        if (Files.size(file.get()) > ImageDocuments.LARGEST) {
            throw new ImageException(
                    Kind.UNUSABLE,
                    "'" + name + "' has more than the " + ImageDocuments.LARGEST
                            + " bytes that are read of a document");
        }
        return Optional.of(Files.readAllBytes(file.get()));
    }

    /** Those of a directory. Names come from digests and from this project only. */
    record OfDirectory(Path directory) implements ArchiveParts {
        @Override
        public Optional<Path> file(String name) {
            return Optional.of(directory.resolve(name)).filter(Files::isRegularFile);
        }
    }

    /** Those of a tar archive, which were taken out of it under numbers. */
    record OfArchive(Map<String, Path> files, Map<String, String> links) implements ArchiveParts {
        private static final int MOST_ENTRIES = 100_000;
        private static final int MOST_LINKS = 8;

        public OfArchive {
            files = Map.copyOf(files);
            links = Map.copyOf(links);
        }

        /**
         * @param archive not compressed
         * @param scratch an empty directory
         * @param mostBytes of all files together
         */
        static OfArchive read(InputStream archive, Path scratch, long mostBytes) throws IOException {
            Map<String, Path> files = new HashMap<>();
            Map<String, String> links = new HashMap<>();
            long left = mostBytes;
            BoundedTar tar = new BoundedTar(archive);
            int number = 0;
            for (Optional<TarArchiveEntry> next = tar.next(); next.isPresent(); next = tar.next()) {
                TarArchiveEntry entry = next.get();
                if (++number > MOST_ENTRIES) {
                    throw new ImageException(Kind.UNUSABLE, "the archive has more than " + MOST_ENTRIES + " entries");
                }
                String name = normal(entry.getName(), "");
                if (entry.isSymbolicLink() || entry.isLink()) {
                    // Docker links layers that several images of an archive share.
                    links.put(name, normal(entry.getLinkName(), entry.isLink() ? "" : name));
                } else if (entry.isFile()) {
                    Path file = scratch.resolve(Integer.toString(number));
                    left -= copy(tar, file, left);
                    files.put(name, file);
                }
            }
            return new OfArchive(files, links);
        }

        private static long copy(BoundedTar from, Path to, long most) throws IOException {
            long copied = 0;
            byte[] piece = new byte[64 << 10];
            try (OutputStream target = Files.newOutputStream(to)) {
                for (int count = from.read(piece); count >= 0; count = from.read(piece)) {
                    copied += count;
                    if (copied > most) {
                        throw new ImageException(
                                Kind.UNUSABLE,
                                "the archive has more bytes than this node takes for an image, unpacked");
                    }
                    target.write(piece, 0, count);
                }
            }
            return copied;
        }

        /** As if from the archive's top. A name is only looked up, never used as a path. */
        private static String normal(String name, String linkedFrom) {
            Deque<String> parts = new ArrayDeque<>();
            if (linkedFrom.contains("/") && !name.startsWith("/")) {
                for (String part :
                        linkedFrom.substring(0, linkedFrom.lastIndexOf('/')).split("/", -1)) {
                    parts.addLast(part);
                }
            }
            for (String part : name.split("/", -1)) {
                if (part.equals("..")) {
                    parts.pollLast();
                } else if (!part.isEmpty() && !part.equals(".")) {
                    parts.addLast(part);
                }
            }
            return String.join("/", parts);
        }

        @Override
        public Optional<Path> file(String name) {
            String wanted = normal(name, "");
            for (int followed = 0; followed < MOST_LINKS && links.containsKey(wanted); followed++) {
                wanted = links.getOrDefault(wanted, wanted);
            }
            return Optional.ofNullable(files.get(wanted));
        }
    }
}
