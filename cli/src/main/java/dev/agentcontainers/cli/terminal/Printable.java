package dev.agentcontainers.cli.terminal;

/** Text of strangers for a terminal, which would take some of it for orders. Pure. */
public final class Printable {
    private Printable() {}

    /**
     * The same text with a question mark for whatever moves, colours, reorders or ends a line: control characters, those of
     * ISO 6429 above 0x7F among them, format characters, separators of lines and what is no character at all.
     */
    public static String text(String text) {
        StringBuilder shown = new StringBuilder(text.length());
        text.codePoints().forEach(character -> shown.appendCodePoint(isPlain(character) ? character : '?'));
        return shown.toString();
    }

    /** {@link #text} of which not more than {@code most} UTF-16 units are shown. */
    public static String text(String text, int most) {
        return text.length() <= most ? text(text) : text(text.substring(0, most)) + "…";
    }

    private static boolean isPlain(int character) {
        return switch (Character.getType(character)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    Character.UNASSIGNED -> false;
            default -> true;
        };
    }
}
