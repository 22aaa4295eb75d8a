package dev.agentcontainers.nodeagent.linux.image;

import static dev.agentcontainers.nodeagent.linux.image.LayerCalls.EEXIST;
import static dev.agentcontainers.nodeagent.linux.image.LayerCalls.ELOOP;
import static dev.agentcontainers.nodeagent.linux.image.LayerCalls.ENOENT;
import static dev.agentcontainers.nodeagent.linux.image.LayerCalls.ENOTDIR;
import static dev.agentcontainers.nodeagent.linux.image.LayerCalls.ENOTEMPTY;

import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A directory while it is filled with what an archive has, a layer's for example. Everything is done by descriptors of directories that the kernel resolved inside of
 * it; later entries take the place of earlier ones, as tar has it. For one thread.
 */
public final class LayerTree implements Closeable {
    private static final int EAGAIN = 11;
    private static final int EXDEV = 18;
    private static final int TRIES = 100;
    private static final byte[] ZEROS = new byte[64 << 10];

    /** Characters of directories' names of which the times are kept in memory; what comes after has the time of now. */
    private static final long MOST_REMEMBERED = 16L << 20;

    private final LayerCalls calls;
    private final Implied implied;
    private final int root;
    private final boolean holes;
    private final Map<String, Instant> times = new LinkedHashMap<>();
    private long remembered;

    /** @param implied is told before a directory is made that the layer has not spoken of */
    LayerTree(LayerCalls calls, Path directory, Implied implied) throws IOException {
        this(calls, directory, implied, false);
    }

    /** @param holes whether what is nothing but zeros is left to the filesystem, which keeps no blocks for it */
    public LayerTree(LayerCalls calls, Path directory, Implied implied, boolean holes) throws IOException {
        this.calls = calls;
        this.holes = holes;
        this.implied = implied;
        this.root = check("open " + directory, calls.openRoot(directory.toString()));
        set(root, Attributes.IMPLIED);
    }

    /** Directories that no entry is for. */
    public interface Implied {
        void one() throws IOException;
    }

    private interface Action<T> {
        T in(int directory) throws IOException;
    }

    /** Does something in the directory that an entry is in, which is made where the layer has not spoken of it. */
    private <T> T within(EntryName name, Action<T> action) throws IOException {
        int directory = open(name.parent());
        if (directory == -ENOENT) {
            makeParents(name);
            directory = open(name.parent());
        }
        if (directory == -ENOENT || directory == -ENOTDIR || directory == -ELOOP || directory == -EXDEV) {
            throw EntryName.unusable(name.toString(), "is in something that is not a directory of the archive");
        }
        check("open a layer's directory", directory);
        try {
            return action.in(directory);
        } finally {
            calls.close(directory);
        }
    }

    /** The kernel asks to try again where something was renamed anywhere meanwhile, by which '..' could have been led astray. */
    private int open(String path) {
        int answer = calls.openWithin(root, path);
        for (int i = 0; answer == -EAGAIN && i < TRIES; i++) {
            answer = calls.openWithin(root, path);
        }
        return answer;
    }

    private void makeParents(EntryName name) throws IOException {
        for (int depth = 1; depth <= name.parents().size(); depth++) {
            EntryName parent = new EntryName(
                    name.parents().subList(0, depth - 1), name.parents().get(depth - 1));
            int existing = open(String.join("/", name.parents().subList(0, depth)));
            if (existing >= 0) {
                calls.close(existing);
            } else if (existing == -ENOENT) {
                implied.one();
                within(parent, directory -> {
                    int answer = calls.makeDirectory(directory, parent.last());
                    if (answer == -EEXIST) {
                        throw EntryName.unusable(name.toString(), "is in a link that leads nowhere");
                    }
                    check("make a layer's directory", answer);
                    finishDirectory(directory, parent.last(), Attributes.IMPLIED, false);
                    return answer;
                });
            }
        }
    }

    public void directory(EntryName name, Attributes attributes) throws IOException {
        if (name.isTop()) {
            set(root, attributes);
            remember(".", attributes.modified());
            return;
        }
        within(name, directory -> {
            int mode = calls.mode(directory, name.last());
            boolean exists = mode >= 0 && (mode & LayerCalls.TYPE) == LayerCalls.DIRECTORY;
            // What the layer both removes and makes as a directory shows nothing of the one below.
            boolean removed = mode >= 0 && isWhiteout(mode);
            if (!exists) {
                clear(directory, name);
                check("make a layer's directory", calls.makeDirectory(directory, name.last()));
            }
            finishDirectory(directory, name.last(), attributes, removed);
            remember(name.toString(), attributes.modified());
            return mode;
        });
    }

    private void finishDirectory(int directory, String name, Attributes attributes, boolean opaque) throws IOException {
        int made = check("open a layer's directory", calls.openWithin(directory, name));
        try {
            set(made, attributes);
            if (opaque) {
                check("hide what is below a layer's directory", calls.makeOpaque(made));
            }
        } finally {
            calls.close(made);
        }
    }

    private void remember(String path, Instant time) {
        remembered += path.length();
        if (remembered <= MOST_REMEMBERED) {
            times.put(path, time);
        }
    }

    /** Content of a file, piece by piece. */
    public interface Content {
        /** @return how much of {@code target} it filled, -1 at its end */
        int read(byte[] target) throws IOException;
    }

    public void file(EntryName name, Attributes attributes, Content content) throws IOException {
        within(name, directory -> {
            clear(directory, name);
            int file = check("make a layer's file", calls.createFile(directory, name.last()));
            try {
                write(file, content);
                set(file, attributes);
                check(
                        "set a file's times",
                        calls.changeTimes(
                                file,
                                attributes.modified().getEpochSecond(),
                                attributes.modified().getNano()));
            } finally {
                calls.close(file);
            }
            return file;
        });
    }

    private void write(int file, Content content) throws IOException {
        byte[] piece = new byte[ZEROS.length];
        long length = 0;
        boolean endsInHole = false;
        for (int count = content.read(piece); count >= 0; count = content.read(piece)) {
            length += count;
            endsInHole = holes && Arrays.mismatch(piece, 0, count, ZEROS, 0, count) < 0;
            if (endsInHole) {
                check("leave a hole in a file", calls.skip(file, count));
                continue;
            }
            int written = check("write a layer's file", calls.write(file, piece, count));
            while (written < count) {
                byte[] rest = new byte[count - written];
                System.arraycopy(piece, written, rest, 0, rest.length);
                written += check("write a layer's file", calls.write(file, rest, rest.length));
            }
        }
        if (endsInHole) {
            check("set a file's length", calls.setLength(file, length));
        }
    }

    /** A link leads wherever it says: it is followed inside an agent's root, or inside this directory, and nowhere else. */
    public void symbolicLink(EntryName name, String target, Attributes attributes) throws IOException {
        if (target.isEmpty() || target.indexOf('\0') >= 0 || target.indexOf('\uFFFD') >= 0) {
            throw EntryName.unusable(name.toString(), "is a link that leads to no name");
        }
        within(name, directory -> {
            clear(directory, name);
            check("make a layer's link", calls.makeSymbolicLink(target, directory, name.last()));
            check(
                    "set a link's owner",
                    calls.changeLinkOwner(directory, name.last(), attributes.user(), attributes.group()));
            Instant time = attributes.modified();
            return check(
                    "set a link's times",
                    calls.changeLinkTimes(directory, name.last(), time.getEpochSecond(), time.getNano()));
        });
    }

    public void hardLink(EntryName name, EntryName target) throws IOException {
        within(name, directory -> {
            clear(directory, name);
            int from = open(target.parent());
            if (from < 0) {
                throw noTarget(name, target);
            }
            try {
                int mode = calls.mode(from, target.last());
                int type = mode & LayerCalls.TYPE;
                if (mode < 0 || (type != LayerCalls.FILE && type != LayerCalls.LINK)) {
                    throw noTarget(name, target);
                }
                return check(
                        "make a layer's hard link", calls.makeHardLink(from, target.last(), directory, name.last()));
            } finally {
                calls.close(from);
            }
        });
    }

    /** A named pipe. */
    public void pipe(EntryName name, Attributes attributes) throws IOException {
        within(name, directory -> {
            clear(directory, name);
            check("make a named pipe", calls.makePipe(directory, name.last(), attributes.mode()));
            check(
                    "set a named pipe's owner",
                    calls.changeLinkOwner(directory, name.last(), attributes.user(), attributes.group()));
            Instant time = attributes.modified();
            return check(
                    "set a named pipe's times",
                    calls.changeLinkTimes(directory, name.last(), time.getEpochSecond(), time.getNano()));
        });
    }

    private static IOException noTarget(EntryName name, EntryName target) {
        return EntryName.unusable(
                name.toString(), "is a hard link to '" + target + "', which is no file that the archive had before it");
    }

    /** Has a lower layer's file of the name not be seen; what this layer itself has by that name is. */
    void whiteout(EntryName name, String removed) throws IOException {
        within(name, directory -> {
            int mode = calls.mode(directory, removed);
            if (mode == -ENOENT) {
                return check("make a whiteout", calls.makeWhiteout(directory, removed));
            }
            check("look at what a whiteout removes", mode);
            if ((mode & LayerCalls.TYPE) == LayerCalls.DIRECTORY) {
                int existing = check("open a layer's directory", calls.openWithin(directory, removed));
                try {
                    return check("hide what is below a layer's directory", calls.makeOpaque(existing));
                } finally {
                    calls.close(existing);
                }
            }
            return mode;
        });
    }

    void opaque(EntryName name) throws IOException {
        within(name, directory -> check("hide what is below a layer's directory", calls.makeOpaque(directory)));
    }

    private static boolean isWhiteout(int mode) {
        int type = mode & LayerCalls.TYPE;
        return type != LayerCalls.FILE && type != LayerCalls.LINK && type != LayerCalls.DIRECTORY;
    }

    /** Removes what an earlier entry made by the name. */
    private void clear(int directory, EntryName name) throws IOException {
        if (name.isTop()) {
            throw EntryName.unusable(name.toString(), "would take the place of what it is in");
        }
        int mode = calls.mode(directory, name.last());
        if (mode == -ENOENT) {
            return;
        }
        check("look at a layer's file", mode);
        if ((mode & LayerCalls.TYPE) != LayerCalls.DIRECTORY) {
            check("remove a layer's file", calls.removeFile(directory, name.last()));
            return;
        }
        int answer = calls.removeDirectory(directory, name.last());
        if (answer == -ENOTEMPTY) {
            throw EntryName.unusable(name.toString(), "would take the place of a directory that has something in it");
        }
        check("remove a layer's directory", answer);
    }

    /** The owner first: changing it takes set-user-id bits away. */
    private void set(int file, Attributes attributes) throws IOException {
        check("set a file's owner", calls.changeOwner(file, attributes.user(), attributes.group()));
        check("set a file's mode", calls.changeMode(file, attributes.mode()));
    }

    /** Sets directories' times, which everything that was made in them has changed, and has it all written to the disk. */
    public void finish() throws IOException {
        for (Map.Entry<String, Instant> time : times.entrySet()) {
            int directory = open(time.getKey());
            // A later entry may have taken its place.
            if (directory >= 0) {
                calls.changeTimes(
                        directory,
                        time.getValue().getEpochSecond(),
                        time.getValue().getNano());
                calls.close(directory);
            }
        }
        check("write a layer to the disk", calls.synchronize(root));
    }

    @Override
    public void close() {
        calls.close(root);
    }

    private static int check(String action, int answer) throws SystemCallException {
        if (answer < 0) {
            throw new SystemCallException(action, -answer, LinuxNamespaceCalls.describe(-answer));
        }
        return answer;
    }
}
