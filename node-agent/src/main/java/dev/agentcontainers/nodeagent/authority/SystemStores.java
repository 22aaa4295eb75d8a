package dev.agentcontainers.nodeagent.authority;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
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
 * Follow the machine's, also where agents run that see them. Thread-safe.
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
    private final Map<Path, Seen> seen = new HashMap<>();

    /** A folder of the machine as it was copied last. */
    private record Seen(FileTime changed, List<Path> folders) {}

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
        seen.clear();
    }

    /** The folders of the machine that agents see copies of, and those. */
    public synchronized Map<String, String> shown() throws IOException {
        Map<String, String> shown = new TreeMap<>();
        for (Map.Entry<String, Path> store : machines.entrySet()) {
            if (Files.isDirectory(store.getValue(), LinkOption.NOFOLLOW_LINKS)) {
                Path copy = folder.resolve(store.getKey().substring(1).replace('/', '-'));
                follow(store.getValue(), copy, true);
                shown.put(store.getKey(), copy.toString());
            }
        }
        return shown;
    }

    private void follow(Path machines, Path copy, boolean top) throws IOException {
        FileTime changed = (FileTime) Files.getAttribute(machines, "unix:ctime", LinkOption.NOFOLLOW_LINKS);
        Seen before = seen.get(machines);
        List<Path> folders = before != null && before.changed().equals(changed) && Files.isDirectory(copy)
                ? before.folders()
                : copied(machines, copy, top);
        for (Path each : folders) {
            follow(each, copy.resolve(each.getFileName()), false);
        }
        // Last: what fails half way is done again.
        seen.put(machines, new Seen(changed, folders));
    }

    /** @return the folders in it, which are not copied yet */
    private static List<Path> copied(Path machines, Path copy, boolean top) throws IOException {
        makeReadable(copy);
        Set<String> wanted = new HashSet<>();
        List<Path> folders = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(machines)) {
            for (Path entry : entries) {
                String name = entry.getFileName().toString();
                if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
                    if (isForEverybody(entry)) {
                        wanted.add(name);
                        folders.add(entry);
                    }
                } else if (isCopied(entry, copy.resolve(name))) {
                    wanted.add(name);
                }
            }
        }
        if (top && machines.endsWith("certs")) {
            wanted.add(HASH_LINK);
            link(copy.resolve(HASH_LINK), Path.of(TrustFolder.PATH, TrustFolder.AUTHORITY));
        }
        removeOthers(copy, wanted);
        return folders;
    }

    /** @return false where there is nothing to see */
    private static boolean isCopied(Path entry, Path copy) throws IOException {
        String name = entry.getFileName().toString();
        if (BUNDLES.contains(name)) {
            link(copy, Path.of(TrustFolder.PATH, TrustFolder.BUNDLE));
        } else if (name.equals(JAVA_STORE)) {
            link(copy, Path.of(TrustFolder.PATH, TrustFolder.JAVA_STORE));
        } else if (Files.isSymbolicLink(entry)) {
            link(copy, Files.readSymbolicLink(entry));
        } else if (Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS) && isForEverybody(entry)) {
            Path beside = copy.resolveSibling(BESIDE);
            Files.copy(entry, beside, StandardCopyOption.REPLACE_EXISTING);
            Files.setPosixFilePermissions(beside, PosixFilePermissions.fromString("r--r--r--"));
            Files.move(beside, copy, StandardCopyOption.ATOMIC_MOVE);
        } else {
            return false;
        }
        return true;
    }

    private static boolean isForEverybody(Path entry) throws IOException {
        return Files.readAttributes(entry, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .permissions()
                .contains(PosixFilePermission.OTHERS_READ);
    }

    private static void link(Path link, Path target) throws IOException {
        if (Files.isSymbolicLink(link) && Files.readSymbolicLink(link).equals(target)) {
            return;
        }
        Path beside = link.resolveSibling(BESIDE);
        Files.deleteIfExists(beside);
        Files.createSymbolicLink(beside, target);
        Files.move(beside, link, StandardCopyOption.ATOMIC_MOVE);
    }

    private static void makeReadable(Path directory) throws IOException {
        Files.createDirectories(directory.getParent());
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
