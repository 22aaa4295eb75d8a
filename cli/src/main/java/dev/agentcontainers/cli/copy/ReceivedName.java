package dev.agentcontainers.cli.copy;

import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Where an entry of an archive from an agent is to be.
 *
 * @param parts names one within another, each of one file in a folder of this machine; none for the archive's top
 */
record ReceivedName(List<String> parts) {
    private static final int LONGEST_NAME = 255;
    private static final int LONGEST = 4095;

    ReceivedName {
        parts = List.copyOf(parts);
    }

    /** A name that nothing may be made by, nor anything else of the same archive. */
    static final class HostileException extends Exception {
        private static final long serialVersionUID = 1L;

        HostileException(String message) {
            super(message);
        }
    }

    /**
     * Reads the name as it stands in an archive.
     *
     * @return empty where it is one of a file that there can be, but not here
     * @throws HostileException where it leads out of the archive, as no tar writes them that was asked for what is in a folder
     */
    static Optional<ReceivedName> parse(String text, FileSystem system) throws HostileException {
        if (text.startsWith("/")) {
            throw new HostileException("is absolute");
        }
        List<String> parts = new ArrayList<>();
        for (String part : text.split("/", -1)) {
            if (part.equals("..")) {
                throw new HostileException("has '..'");
            }
            if (!part.isEmpty() && !part.equals(".")) {
                parts.add(part);
            }
        }
        boolean fits = text.getBytes(StandardCharsets.UTF_8).length <= LONGEST
                && parts.stream().allMatch(part -> isName(part, system));
        return fits ? Optional.of(new ReceivedName(parts)) : Optional.empty();
    }

    /** Whether a machine takes it for the name of one file: '\', ':' and drives mean something elsewhere. */
    private static boolean isName(String part, FileSystem system) {
        if (part.indexOf('\0') >= 0
                || part.indexOf('\uFFFD') >= 0
                || part.getBytes(StandardCharsets.UTF_8).length > LONGEST_NAME
                || (!system.getSeparator().equals("/") && (part.indexOf(':') >= 0 || part.endsWith(".")))) {
            return false;
        }
        try {
            Path path = system.getPath(part);
            return path.getRoot() == null
                    && path.getNameCount() == 1
                    && path.toString().equals(part);
        } catch (InvalidPathException e) {
            // Not of the machine's locale, for example.
            return false;
        }
    }

    /** The name without its first part. */
    ReceivedName rest() {
        return new ReceivedName(parts.subList(1, parts.size()));
    }

    /** The path by that name within a folder. */
    Path within(Path folder) {
        Path path = folder;
        for (String part : parts) {
            path = path.resolve(part);
        }
        return path;
    }

    /**
     * Whether a symbolic link by this name stays within the archive's top, wherever other such links lead. Only '..' at the
     * beginning are taken: behind a name, which may be a link itself, they lead from where that one leads.
     */
    boolean staysWithin(String target, FileSystem system) {
        if (target.isEmpty() || target.startsWith("/")) {
            return false;
        }
        int up = 0;
        boolean named = false;
        for (String part : target.split("/", -1)) {
            if (part.equals("..")) {
                up++;
                if (named) {
                    return false;
                }
            } else if (!part.isEmpty() && !part.equals(".")) {
                named = true;
                if (!isName(part, system)) {
                    return false;
                }
            }
        }
        return up < parts.size();
    }

    /** The one that was made a text of. */
    static ReceivedName ofText(String text) {
        return new ReceivedName(text.equals(".") ? List.of() : List.of(text.split("/", -1)));
    }

    /** Its parts with '/' between, '.' where there are none; another for each name. */
    @Override
    public String toString() {
        return parts.isEmpty() ? "." : String.join("/", parts);
    }
}
