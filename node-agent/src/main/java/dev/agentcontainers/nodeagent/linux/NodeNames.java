package dev.agentcontainers.nodeagent.linux;

import dev.agentcontainers.nodeagent.platform.NodeSettings;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * What a node's things are called on its machine. A node's name is a DNS subdomain of up to 253 characters (RFC 1123, as
 * for every Kubernetes node), which neither a network namespace nor a table of nftables can have.
 */
final class NodeNames {
    private static final Pattern PLAIN = Pattern.compile("[a-z0-9]([a-z0-9-]*[a-z0-9])?");
    private static final int DIGEST = 12;
    private static final Pattern LIKE_DERIVED = Pattern.compile(".*-[0-9a-f]{" + DIGEST + "}");
    private static final int LONGEST_FENCE = 40;
    private static final int LONGEST_CONTROL_GROUP = 80;

    private NodeNames() {}

    static String fence(NodeSettings settings) {
        return named("agentfence-", settings.name(), LONGEST_FENCE);
    }

    /** Of the one that is tried out. */
    static String trialFence(NodeSettings settings) {
        return named("agenttrial-", settings.name(), LONGEST_FENCE);
    }

    /** Absolute path in every hierarchy. */
    static String controlGroup(NodeSettings settings) {
        return "/" + named("agentcontainers-", settings.name(), LONGEST_CONTROL_GROUP);
    }

    /** That of the egress proxy: not below the agents', whose limits are not for it. */
    static String proxyControlGroup(NodeSettings settings) {
        return "/" + named("agentproxy-", settings.name(), LONGEST_CONTROL_GROUP);
    }

    /**
     * The node's own name after the prefix where it fits and has letters, digits and hyphens only; otherwise as much of
     * it as fits, with a digest. No two nodes get the same: a plain name that looks as if it had a digest gets one too.
     */
    static String named(String prefix, String node, int longest) {
        boolean plain =
                PLAIN.matcher(node).matches() && !LIKE_DERIVED.matcher(node).matches();
        if (plain && prefix.length() + node.length() <= longest) {
            return prefix + node;
        }
        int room = longest - prefix.length() - 1 - DIGEST;
        String readable = node.replaceAll("[^a-z0-9-]", "-");
        return prefix + readable.substring(0, Math.min(room, readable.length())) + "-" + digest(node);
    }

    private static String digest(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest).substring(0, DIGEST);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
