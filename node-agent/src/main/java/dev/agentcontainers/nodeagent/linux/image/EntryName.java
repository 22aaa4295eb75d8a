package dev.agentcontainers.nodeagent.linux.image;

import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Where an archive's entry is, as if from the top of its layer: a '/' at the beginning means nothing, '..' is refused.
 *
 * @param parents directories on the way
 * @param last the name there; empty for the layer's top itself
 */
public record EntryName(List<String> parents, String last) {
    private static final String WHITEOUT = ".wh.";
    private static final String OPAQUE = ".wh..wh..opq";

    /** Other names that aufs, from which all of this comes, kept for itself. */
    private static final String RESERVED = ".wh..wh.";

    private static final int LONGEST_NAME = 255;
    private static final int LONGEST = 4095;

    public EntryName {
        parents = List.copyOf(parents);
    }

    public static EntryName parse(String text) throws ImageException {
        if (text.indexOf('\0') >= 0 || text.indexOf('\uFFFD') >= 0) {
            throw unusable(text, "is not a name in UTF-8");
        }
        if (text.getBytes(StandardCharsets.UTF_8).length > LONGEST) {
            throw unusable(text, "is longer than " + LONGEST + " bytes");
        }
        List<String> parts = new ArrayList<>();
        for (String part : text.split("/", -1)) {
            if (part.equals("..")) {
                throw unusable(text, "has '..', by which it could leave its place");
            }
            if (part.getBytes(StandardCharsets.UTF_8).length > LONGEST_NAME) {
                throw unusable(text, "has a part of more than " + LONGEST_NAME + " bytes");
            }
            if (!part.isEmpty() && !part.equals(".")) {
                parts.add(part);
            }
        }
        return parts.isEmpty()
                ? new EntryName(List.of(), "")
                : new EntryName(parts.subList(0, parts.size() - 1), parts.getLast());
    }

    public boolean isTop() {
        return last.isEmpty();
    }

    /** Says that lower layers' content of the directory that it is in is hidden. */
    boolean isOpaque() {
        return last.equals(OPAQUE);
    }

    boolean isReserved() {
        return last.startsWith(RESERVED) && !isOpaque();
    }

    boolean isWhiteout() {
        return last.startsWith(WHITEOUT) && !isOpaque() && !isReserved();
    }

    /** The name that a whiteout removes. */
    String removed() throws ImageException {
        String name = last.substring(WHITEOUT.length());
        if (name.isEmpty() || name.equals(".") || name.equals("..")) {
            throw unusable(toString(), "removes no name that there can be");
        }
        return name;
    }

    /** Of the directory that it is in, as {@link LayerCalls#openWithin} takes it. */
    String parent() {
        return parents.isEmpty() ? "." : String.join("/", parents);
    }

    public static ImageException unusable(String name, String problem) {
        return new ImageException(Kind.UNUSABLE, "the archive's entry '" + shown(name) + "' " + problem);
    }

    /** The same below the first directories of its name, of which it has so many at least. */
    public EntryName below(int directories) {
        return directories > parents.size()
                ? new EntryName(List.of(), "")
                : new EntryName(parents.subList(directories, parents.size()), last);
    }

    /** Strangers' names end in logs and terminals. */
    public static String shown(String name) {
        StringBuilder shown = new StringBuilder();
        name.chars().limit(200).forEach(c -> shown.append(Character.isISOControl(c) ? '?' : (char) c));
        return shown.toString();
    }

    @Override
    public String toString() {
        return parents.isEmpty() ? last : parent() + "/" + last;
    }
}
