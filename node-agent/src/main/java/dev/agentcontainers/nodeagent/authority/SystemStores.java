package dev.agentcontainers.nodeagent.authority;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies of the folders in which the machine's distribution keeps whom it trusts, one for all agents: in them the files that hold all
 * roots are links to what each agent has at {@link TrustFolder#PATH}. Of the machine's other entries they have what everybody may read.
 * Follow the machine's with each start, also where agents run that see them: folders and files are looked at, links are what they are for as
 * long as their folder. Thread-safe.
 */
public final class SystemStores {
    /** Of Debian, Alpine, SUSE and others; Fedora and RHEL. */
    private static final List<String> STORES = List.of("/etc/ssl/certs", "/etc/pki/ca-trust/extracted");

    private static final Set<String> BUNDLES = Set.of("ca-certificates.crt", "ca-bundle.crt", "tls-ca-bundle.pem");
    private static final String JAVA_STORE = "cacerts";
    /** As OpenSSL looks for an authority in a folder: a digest of its name. */
    static final String HASH_LINK = "f1d42c89.0";

    private static final String BESIDE = ".agentcontainers-new";

    private static final Logger LOG = LoggerFactory.getLogger(SystemStores.class);

    private final Path folder;
    private final Map<String, Path> machines;
    private final Map<Path, Folder> folders = new HashMap<>();
    private final Map<Path, Stamp> copied = new HashMap<>();
    private final Set<Path> warned = new HashSet<>();

    /**
     * A folder of the machine as it was listed last.
     *
     * @param files in it, which are no links; each may change without the folder
     */
    private record Folder(Stamp stamp, List<Path> files, List<Path> folders) {}

    /** Something of the machine's can't be read, and nothing is wrong with the copies. */
    private static final class UnreadableException extends IOException {
        private static final long serialVersionUID = 1L;

        private UnreadableException(IOException cause) {
            super(cause);
        }

        private interface Reading<T> {
            T read() throws IOException;
        }

        static <T> T unless(Reading<T> reading) throws UnreadableException {
            try {
                return reading.read();
            } catch (IOException e) {
                throw new UnreadableException(e);
            }
        }
    }

    /** @param folder made when it is needed */
    public SystemStores(Path folder) {
        this(folder, STORES.stream().collect(Collectors.toMap(Function.identity(), Path::of)));
    }

    /** @param machines where tests have the folders */
    SystemStores(Path folder, Map<String, Path> machines) {
        this.folder = folder;
        this.machines = machines;
    }

    /** Has the copies made, so that no start waits for them. */
    public void expect() {
        try {
            shown();
        } catch (IOException e) {
            // Whoever starts says what is wrong.
            LOG.debug("the machine's stores of certificates can't be copied", e);
        }
    }

    /** Removes the copies. */
    public synchronized void remove() throws IOException {
        DeletedTree.delete(folder);
        folders.clear();
        copied.clear();
    }

    /** The folders of the machine that agents see copies of, and those. */
    public synchronized Map<String, String> shown() throws IOException {
        Map<String, String> shown = new TreeMap<>();
        for (Map.Entry<String, Path> store : machines.entrySet()) {
            if (Files.isDirectory(store.getValue(), LinkOption.NOFOLLOW_LINKS)) {
                Path copy = folder.resolve(store.getKey().substring(1).replace('/', '-'));
                try {
                    follow(store.getValue(), copy);
                    shown.put(store.getKey(), copy.toString());
                } catch (UnreadableException e) {
                    warn(store.getValue(), e);
                }
            }
        }
        return shown;
    }

    private void follow(Path machines, Path copy) throws IOException {
        Stamp now = UnreadableException.unless(() -> Stamp.of(machines, LinkOption.NOFOLLOW_LINKS));
        Folder before = folders.get(machines);
        Folder known =
                before != null && before.stamp().isStill(now) && Files.isDirectory(copy, LinkOption.NOFOLLOW_LINKS)
                        ? before
                        : listed(machines, copy, now);
        for (Path file : known.files()) {
            if (!isShown(file, copy.resolve(file.getFileName()))) {
                DeletedTree.delete(copy.resolve(file.getFileName()));
            }
        }
        for (Path each : known.folders()) {
            followInner(each, copy.resolve(each.getFileName()));
        }
        // Last: what fails half way is done again.
        folders.put(machines, known);
    }

    /** One that can't be read is none that agents see. */
    private void followInner(Path machines, Path copy) throws IOException {
        try {
            if (UnreadableException.unless(() -> Stamp.of(machines, LinkOption.NOFOLLOW_LINKS))
                    .isForEverybody()) {
                follow(machines, copy);
                return;
            }
        } catch (UnreadableException e) {
            warn(machines, e);
        }
        folders.remove(machines);
        DeletedTree.delete(copy);
    }

    /** What is in it now. The links in the copy are right then, what else is in it is seen to by others. */
    private Folder listed(Path machines, Path copy, Stamp now) throws IOException {
        Set<String> wanted = new HashSet<>();
        List<Path> files = new ArrayList<>();
        List<Path> inner = new ArrayList<>();
        makeReadable(copy);
        for (Path entry : UnreadableException.unless(() -> entries(machines))) {
            String name = entry.getFileName().toString();
            if (isLinked(entry, copy.resolve(name))) {
                wanted.add(name);
            } else if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
                inner.add(entry);
                wanted.add(name);
            } else if (Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS)) {
                files.add(entry);
                wanted.add(name);
            }
        }
        Set<Path> present = new HashSet<>(files);
        copied.keySet().removeIf(file -> machines.equals(file.getParent()) && !present.contains(file));
        if (this.machines.containsValue(machines) && machines.endsWith("certs")) {
            wanted.add(HASH_LINK);
            link(copy.resolve(HASH_LINK), Path.of(TrustFolder.PATH, TrustFolder.AUTHORITY));
        }
        removeOthers(copy, wanted);
        return new Folder(now, files, inner);
    }

    /** Whether it is in the copy as a link, which stays what it is for as long as the folder does. */
    private boolean isLinked(Path entry, Path copy) throws IOException {
        String name = entry.getFileName().toString();
        if (BUNDLES.contains(name)) {
            link(copy, Path.of(TrustFolder.PATH, TrustFolder.BUNDLE));
        } else if (name.equals(JAVA_STORE)) {
            link(copy, Path.of(TrustFolder.PATH, TrustFolder.JAVA_STORE));
        } else if (Files.isSymbolicLink(entry)) {
            Path target;
            try {
                target = Files.readSymbolicLink(entry);
            } catch (IOException e) {
                warn(entry, e);
                return false;
            }
            link(copy, target);
        } else {
            return false;
        }
        return true;
    }

    /** Copies a file where it is another than was copied last. */
    private boolean isShown(Path entry, Path copy) {
        try {
            Stamp now = Stamp.of(entry, LinkOption.NOFOLLOW_LINKS);
            Stamp before = copied.get(entry);
            if (!now.isForEverybody() || !now.isFile()) {
                copied.remove(entry);
                return false;
            }
            if (before == null || !before.isStill(now) || !Files.isRegularFile(copy, LinkOption.NOFOLLOW_LINKS)) {
                Path beside = copy.resolveSibling(BESIDE);
                Files.copy(entry, beside, StandardCopyOption.REPLACE_EXISTING);
                Files.setPosixFilePermissions(beside, PosixFilePermissions.fromString("r--r--r--"));
                if (Files.isDirectory(copy, LinkOption.NOFOLLOW_LINKS)) {
                    DeletedTree.delete(copy);
                }
                Files.move(beside, copy, StandardCopyOption.ATOMIC_MOVE);
                copied.put(entry, now);
                warned.remove(entry);
            }
            return true;
        } catch (IOException e) {
            copied.remove(entry);
            warn(entry, e);
            return false;
        }
    }

    /** Once for each that can't be read, and never where it is only gone meanwhile. */
    private void warn(Path entry, IOException reason) {
        Throwable cause =
                reason instanceof UnreadableException && reason.getCause() != null ? reason.getCause() : reason;
        if (!(cause instanceof NoSuchFileException) && warned.add(entry)) {
            LOG.warn("agents don't see {}, which can't be copied: {}", entry, cause.toString());
        }
    }

    private static List<Path> entries(Path directory) throws IOException {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            List<Path> all = new ArrayList<>();
            entries.forEach(all::add);
            return all;
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
    }

    private static void link(Path link, Path target) throws IOException {
        if (Files.isSymbolicLink(link)) {
            if (Files.readSymbolicLink(link).equals(target)) {
                return;
            }
        } else if (Files.isDirectory(link, LinkOption.NOFOLLOW_LINKS)) {
            // Which would not be replaced.
            DeletedTree.delete(link);
        }
        Path beside = link.resolveSibling(BESIDE);
        Files.deleteIfExists(beside);
        Files.createSymbolicLink(beside, target);
        Files.move(beside, link, StandardCopyOption.ATOMIC_MOVE);
    }

    private static void makeReadable(Path directory) throws IOException {
        Files.createDirectories(directory.getParent());
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            // The machine's was something else, maybe a link, behind which nothing is to be changed.
            DeletedTree.delete(directory);
        }
        try {
            Files.createDirectory(directory);
        } catch (FileAlreadyExistsException e) {
            // Of before; it is followed again.
        }
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static void removeOthers(Path copy, Set<String> wanted) throws IOException {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(copy)) {
            for (Path entry : entries) {
                if (!wanted.contains(entry.getFileName().toString())) {
                    DeletedTree.delete(entry);
                }
            }
        }
    }
}
