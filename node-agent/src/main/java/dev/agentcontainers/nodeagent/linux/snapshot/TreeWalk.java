package dev.agentcontainers.nodeagent.linux.snapshot;

import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * Goes through a directory that an agent has filled and that nobody writes to meanwhile. Follows no link. Keeps the names of the
 * directories that it is in and nothing else, and opens one at a time: however deep the agent has nested them, and however many
 * there are of anything. For one thread.
 */
final class TreeWalk {
    /** Bytes of a path below the directory: with what stands before it in an archive, less than PATH_MAX. */
    static final int LONGEST_PATH = 3800;

    private static final int PIECE = 8 << 10;

    // struct linux_dirent64 of getdents64(2)
    private static final int NEXT = 8;
    private static final int LENGTH = 16;
    private static final int NAME = 19;

    private static final char REPLACEMENT = '\uFFFD';

    private final TreeCalls calls;
    private final int root;
    private final Visitor visitor;

    TreeWalk(TreeCalls calls, int root, Visitor visitor) {
        this.calls = calls;
        this.root = root;
        this.visitor = visitor;
    }

    /** Who is told of what there is. */
    interface Visitor {
        /** @param path below the directory that is gone through; a directory before what is in it */
        void found(int directory, String name, String path, FileStatus status) throws IOException;

        /** Something whose name no archive can have, with all that is in it. */
        void unnamed() throws IOException;
    }

    /** A directory that is gone through, and how far that is. */
    private static final class Level {
        private final String path;
        private long next;

        Level(String path) {
            this.path = path;
        }

        String of(String name) {
            return path.isEmpty() ? name : path + "/" + name;
        }
    }

    void run() throws IOException {
        Deque<Level> levels = new ArrayDeque<>();
        levels.push(new Level(""));
        while (!levels.isEmpty()) {
            Level level = levels.element();
            int directory = check(
                    "open an agent's directory", calls.openDirectory(root, level.path.isEmpty() ? "." : level.path));
            try {
                check("go on in an agent's directory", calls.goTo(directory, level.next));
                nextDirectory(directory, level).ifPresentOrElse(path -> levels.push(new Level(path)), levels::pop);
            } finally {
                calls.close(directory);
            }
        }
    }

    /** Tells what there is up to and with the next directory, whose path this is; empty where there is none any more. */
    private Optional<String> nextDirectory(int directory, Level level) throws IOException {
        byte[] piece = new byte[PIECE];
        while (true) {
            int filled = check("list an agent's directory", calls.list(directory, piece));
            if (filled == 0) {
                return Optional.empty();
            }
            ByteBuffer entries = ByteBuffer.wrap(piece, 0, filled).order(ByteOrder.nativeOrder());
            for (int at = 0; at < filled; at += entries.getShort(at + LENGTH) & 0xffff) {
                level.next = entries.getLong(at + NEXT);
                Optional<String> found = one(directory, level, nameAt(piece, at + NAME));
                if (found.isPresent()) {
                    return found;
                }
            }
        }
    }

    /** The path where it is a directory. */
    private Optional<String> one(int directory, Level level, ByteBuffer bytes) throws IOException {
        Optional<String> name = text(bytes);
        if (name.filter(found -> found.equals(".") || found.equals("..")).isPresent()) {
            return Optional.empty();
        }
        if (name.isEmpty() || length(level.of(name.get())) > LONGEST_PATH) {
            visitor.unnamed();
            return Optional.empty();
        }
        String path = level.of(name.get());
        FileStatus status = status(calls, directory, name.get());
        visitor.found(directory, name.get(), path, status);
        return status.type() == FileStatus.Type.DIRECTORY ? Optional.of(path) : Optional.empty();
    }

    private static ByteBuffer nameAt(byte[] piece, int begin) {
        int end = begin;
        while (piece[end] != 0) {
            end++;
        }
        return ByteBuffer.wrap(piece, begin, end - begin);
    }

    private static int length(String path) {
        return path.getBytes(StandardCharsets.UTF_8).length;
    }

    /** Empty for what is no UTF-8, or would be taken for that. */
    static Optional<String> text(ByteBuffer bytes) {
        try {
            CharBuffer text = StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(bytes);
            return Optional.of(text.toString()).filter(name -> name.indexOf(REPLACEMENT) < 0);
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }

    static FileStatus status(TreeCalls calls, int directory, String name) throws SystemCallException {
        byte[] statx = new byte[FileStatus.BYTES];
        check("look at an agent's file", calls.status(directory, name, statx));
        return FileStatus.parse(statx);
    }

    static int check(String action, int answer) throws SystemCallException {
        if (answer < 0) {
            throw new SystemCallException(action, -answer, LinuxNamespaceCalls.describe(-answer));
        }
        return answer;
    }
}
