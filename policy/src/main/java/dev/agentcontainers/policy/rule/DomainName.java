package dev.agentcontainers.policy.rule;

import dev.agentcontainers.policy.endpoint.Party;
import java.net.IDN;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A domain name, or all names below one: {@code *.example.org} stands for names with one or more labels more, not for
 * {@code example.org}.
 *
 * @param suffix in lower case and ASCII (A-labels, RFC 5890), without the final dot
 * @param wildcard whether names below the suffix are meant, and not the suffix itself
 */
public record DomainName(String suffix, boolean wildcard) {
    /** Characters that a name has at most, without the final dot: 255 bytes in a message (RFC 1035, 2.3.4). */
    public static final int LONGEST = 253;

    /** As ClusterNetworkPolicy v1alpha2 has it: two or more labels. Their length is that of RFC 1035, 2.3.4. */
    private static final Pattern SYNTAX =
            Pattern.compile("([a-z0-9]([-a-z0-9_]{0,61}[a-z0-9])?[.])+[a-z0-9]([-a-z0-9_]{0,61}[a-z0-9])?");

    /** What rules can mean, and names that services use below such: _acme-challenge.example.org. */
    private static final Pattern ASKED = Pattern.compile("([-a-z0-9_]{1,63}[.])+[-a-z0-9_]{1,63}");

    /** A last label that some reader takes for the last part of an IPv4 address. */
    private static final Pattern NUMBER = Pattern.compile(".*[.](0x[0-9a-f]*|[0-9]+)");

    /**
     * Characters that IDNA 2003, which the JDK has, maps to others or to nothing, and IDNA 2008 keeps (RFC 5894, 7.2): the
     * same text would be two names.
     */
    private static final Pattern AMBIGUOUS = Pattern.compile("[ßẞς\u200c\u200d]");

    /**
     * Reads a rule's name. Letters beyond ASCII become A-labels.
     *
     * @throws IllegalArgumentException where the text is no domain name, or an address in disguise
     */
    public static DomainName parse(String text) {
        boolean wildcard = text.startsWith("*.");
        String suffix = Party.normalized(ascii(wildcard ? text.substring(2) : text, text));
        if (suffix.length() + (wildcard ? 2 : 0) > LONGEST
                || !SYNTAX.matcher(suffix).matches()
                || NUMBER.matcher(suffix).matches()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no domain name, write it like www.example.org or *.example.org");
        }
        return new DomainName(suffix, wildcard);
    }

    private static String ascii(String name, String text) {
        if (isAscii(name)) {
            return name;
        }
        if (AMBIGUOUS.matcher(name).find()) {
            throw new IllegalArgumentException(
                    "'" + text
                            + "' has a character that stands for different names in IDNA 2003 and 2008, write the name in A-labels (xn--...)");
        }
        try {
            return IDN.toASCII(name);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("'" + text + "' is no domain name: write it in A-labels (xn--...)", e);
        }
    }

    /**
     * A name as it was asked for, in the form that {@link #matches} takes: lower case, without the final dot. Empty where no
     * rule can mean it: where a label is empty, too long or has another character than letters of ASCII, digits, hyphens and
     * underscores, where there is only one, and where some reader takes it for an address.
     */
    public static Optional<String> asked(String text) {
        // Before it is put into lower case: some letters beyond ASCII become such of ASCII.
        if (!isAscii(text)) {
            return Optional.empty();
        }
        String name = Party.normalized(text);
        return name.length() <= LONGEST
                        && ASKED.matcher(name).matches()
                        && !NUMBER.matcher(name).matches()
                ? Optional.of(name)
                : Optional.empty();
    }

    /** @param domain normalized as {@link Party#domain} is */
    public boolean matches(String domain) {
        return wildcard
                ? domain.endsWith("." + suffix) && domain.length() > suffix.length() + 1
                : domain.equals(suffix);
    }

    private static boolean isAscii(String text) {
        return text.chars().allMatch(character -> character < 0x80);
    }

    @Override
    public String toString() {
        return wildcard ? "*." + suffix : suffix;
    }
}
