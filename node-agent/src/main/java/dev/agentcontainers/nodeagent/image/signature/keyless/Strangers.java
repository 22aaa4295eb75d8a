package dev.agentcontainers.nodeagent.image.signature.keyless;

/** What strangers wrote, for a message: short, and in letters that do nothing to a terminal. */
final class Strangers {
    private static final int SHOWN = 160;

    private Strangers() {}

    static String shown(String text) {
        String plain = text.replaceAll("[^\\x20-\\x7e]", "?");
        return "'" + (plain.length() <= SHOWN ? plain : plain.substring(0, SHOWN) + "…") + "'";
    }
}
