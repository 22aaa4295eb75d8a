package dev.agentcontainers.nodeagent.fence;

import dev.agentcontainers.policy.box.Cidr;
import java.util.List;

/** Reads settings that name what no ruleset opens. What a fence would overlook or refuse later is refused here. */
public final class ClosedRanges {
    private ClosedRanges() {}

    /**
     * The addresses and ranges, as {@link FenceSettings#neverAllowed} takes them.
     *
     * @param setting how messages call it
     * @throws IllegalArgumentException naming the setting, what was found and what would be right
     */
    public static List<String> parse(String setting, List<String> texts) {
        return texts.stream().map(text -> parse(setting, text)).toList();
    }

    private static String parse(String setting, String text) {
        Cidr cidr;
        try {
            cidr = Cidr.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "%s: '%s' must be an address or a range, such as 198.51.100.10 or 10.20.0.0/16, without ports and names"
                            .formatted(setting, text),
                    e);
        }
        int slash = text.indexOf('/');
        String address = slash < 0 ? text : text.substring(0, slash);
        if (!Cidr.parse(address).address().equals(cidr.address())) {
            throw new IllegalArgumentException(
                    "%s: '%s' has bits set beyond its prefix: write %s for the range, or %s for the address"
                            .formatted(setting, text, cidr, address));
        }
        return slash < 0 ? cidr.address() : cidr.toString();
    }
}
