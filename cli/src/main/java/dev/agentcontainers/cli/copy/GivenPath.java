package dev.agentcontainers.cli.copy;

/**
 * A path as a user wrote it, on either side. Only its end is looked at: everything before is for the system whose path it is,
 * with its own links and '..'.
 *
 * @param text as it was written, not empty
 * @param parent the folder that it is in, never beginning with '-'
 * @param name in there; empty where the path ends in '.' or '..' or is a root, which means the content of a folder
 * @param folder whether only a folder can be meant, by a separator at the end
 */
record GivenPath(String text, String parent, String name, boolean folder) {
    /** @param separators each character of which parts names */
    static GivenPath parse(String text, String separators) {
        int end = text.length();
        while (end > 0 && separators.indexOf(text.charAt(end - 1)) >= 0) {
            end--;
        }
        int begin = end;
        while (begin > 0 && separators.indexOf(text.charAt(begin - 1)) < 0) {
            begin--;
        }
        String name = text.substring(begin, end);
        boolean isContent = name.isEmpty() || name.equals(".") || name.equals("..") || isDrive(name, separators);
        return isContent
                ? new GivenPath(text, plain(text), "", true)
                : new GivenPath(text, begin == 0 ? "." : plain(text.substring(0, begin)), name, end < text.length());
    }

    /** For example {@code C:}, where names are parted as Windows does. */
    private static boolean isDrive(String name, String separators) {
        return separators.indexOf('\\') >= 0 && name.length() == 2 && name.charAt(1) == ':';
    }

    static GivenPath ofAgent(String text) {
        return parse(text, "/");
    }

    /** Of a machine whose names are parted by '\' too where that is its separator. */
    static GivenPath ofMachine(String text, char separator) {
        return parse(text, separator == '/' ? "/" : "/" + separator);
    }

    /** Whether the content of a folder is meant, and not the folder by its name. */
    boolean isContent() {
        return name.isEmpty();
    }

    /** The path itself, never beginning with '-'. */
    String path() {
        return plain(text);
    }

    private static String plain(String path) {
        return path.startsWith("-") ? "./" + path : path;
    }
}
