package dev.agentcontainers.nodeagent.image.archive;

import dev.agentcontainers.nodeagent.image.ImageDocuments;
import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import dev.agentcontainers.nodeagent.image.tar.BoundedTar;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;

/** The files of an archive of images, by their names in it. */
interface ArchiveParts {
    /** One file, opened each time that its content is needed. */
    interface Part {
        SeekableByteChannel open() throws IOException;
    }

    /**
     * Empty where there is none of that name.
     *
     * @param name may be a stranger's
     */
    Optional<Part> file(String name) throws IOException;

    /** A file that is a document, whole. */
    default Optional<byte[]> document(String name) throws IOException {
        Optional<Part> file = file(name);
        if (file.isEmpty()) {
            return Optional.empty();
        }
        try (SeekableByteChannel channel = file.get().open()) {
            byte[] content = Channels.newInputStream(channel).readNBytes(ImageDocuments.LARGEST + 1);
            if (content.length > ImageDocuments.LARGEST) {
                throw new ImageException(
                        Kind.UNUSABLE,
                        "'" + name + "' has more than the " + ImageDocuments.LARGEST
                                + " bytes that are read of a document");
            }
            return Optional.of(content);
        }
    }

    /** Strangers' names end in logs and terminals. */
    static String shown(String name) {
        StringBuilder shown = new StringBuilder();
        name.chars().limit(200).forEach(c -> shown.append(Character.isISOControl(c) ? '?' : (char) c));
        return shown.toString();
    }

    /**
     * Those of a directory, which a stranger may have made: no name leads out of it, and no link is followed. Not for a
     * directory that strangers change meanwhile: they could have it wait for a pipe.
     */
    record OfDirectory(Path directory) implements ArchiveParts {
        @Override
        public Optional<Part> file(String name) throws IOException {
            List<Path> steps = steps(name);
            try {
                open(name, steps).close();
            } catch (NoSuchFileException e) {
                return Optional.empty();
            }
            return Optional.of(() -> open(name, steps));
        }

        private static List<Path> steps(String name) throws ImageException {
            List<Path> steps = new ArrayList<>();
            for (String step : name.split("/", -1)) {
                if (step.isEmpty() || step.equals(".") || step.equals("..") || step.indexOf('\0') >= 0) {
                    throw new ImageException(
                            Kind.UNUSABLE,
                            "the image names '" + shown(name) + "', which is no name beneath its directory");
                }
                steps.add(Path.of(step));
            }
            return steps;
        }

        private SeekableByteChannel open(String name, List<Path> steps) throws IOException {
            try (DirectoryStream<Path> top = Files.newDirectoryStream(directory)) {
                return open(top, name, steps);
            }
        }

        private static SeekableByteChannel open(DirectoryStream<Path> directory, String name, List<Path> steps)
                throws IOException {
            if (!(directory instanceof SecureDirectoryStream<Path> here)) {
                throw new IOException(
                        "this system can't open files without following links: give the image as an archive");
            }
            Path step = steps.getFirst();
            BasicFileAttributes found = here.getFileAttributeView(
                            step, BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                    .readAttributes();
            boolean last = steps.size() == 1;
            if (last ? !found.isRegularFile() : !found.isDirectory()) {
                throw new ImageException(
                        Kind.UNUSABLE,
                        "'" + shown(name) + "' of the image's directory is a link, or no file: links are not followed");
            }
            if (last) {
                return here.newByteChannel(step, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS));
            }
            try (DirectoryStream<Path> next = here.newDirectoryStream(step, LinkOption.NOFOLLOW_LINKS)) {
                return open(next, name, steps.subList(1, steps.size()));
            }
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
        public Optional<Part> file(String name) {
            String wanted = normal(name, "");
            for (int followed = 0; followed < MOST_LINKS && links.containsKey(wanted); followed++) {
                wanted = links.getOrDefault(wanted, wanted);
            }
            return Optional.ofNullable(files.get(wanted)).map(file -> () -> Files.newByteChannel(file));
        }
    }
}
