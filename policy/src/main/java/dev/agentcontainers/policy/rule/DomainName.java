package dev.agentcontainers.policy.rule;

import dev.agentcontainers.policy.endpoint.Party;
import java.util.regex.Pattern;

/**
 * A domain name, or all names below one: {@code *.example.org} stands for names with one or more labels more, not for
 * {@code example.org}.
 *
 * @param suffix in lower case, without the final dot
 * @param wildcard whether names below the suffix are meant, and not the suffix itself
 */
public record DomainName(String suffix, boolean wildcard) {
    /** As ClusterNetworkPolicy v1alpha2 has it: two or more labels. */
    private static final Pattern SYNTAX =
            Pattern.compile("([a-z0-9]([-a-z0-9_]*[a-z0-9])?[.])+[a-z0-9]([-a-z0-9_]*[a-z0-9])?");

    /** A last label that some reader takes for the last part of an IPv4 address. */
    private static final Pattern NUMBER = Pattern.compile(".*[.](0x[0-9a-f]*|[0-9]+)");

    /** @throws IllegalArgumentException where the text is no domain name, or an address in disguise */
    public static DomainName parse(String text) {
        boolean wildcard = text.startsWith("*.");
        String suffix = Party.normalized(wildcard ? text.substring(2) : text);
        if (!SYNTAX.matcher(suffix).matches() || NUMBER.matcher(suffix).matches()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no domain name, write it like www.example.org or *.example.org");
        }
        return new DomainName(suffix, wildcard);
    }

    /** @param domain normalized as {@link Party#domain} is */
    public boolean matches(String domain) {
        return wildcard
                ? domain.endsWith("." + suffix) && domain.length() > suffix.length() + 1
                : domain.equals(suffix);
    }

    @Override
    public String toString() {
        return wildcard ? "*." + suffix : suffix;
    }
}
