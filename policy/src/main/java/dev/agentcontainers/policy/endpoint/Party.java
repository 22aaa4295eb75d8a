package dev.agentcontainers.policy.endpoint;

import dev.agentcontainers.policy.box.Cidr;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Who sends or receives a flow, as far as that is known: an endpoint, an address, a name that the address was resolved
 * for. What isn't known is matched by no rule that asks for it, so a verdict holds for what the caller knows: of a name
 * alone it holds as far as no rule is about the addresses behind it.
 *
 * @param endpoint null where the address is of none, or it isn't known
 * @param address one address; null where it isn't known, as before an agent is placed
 * @param domain the domain name that the sender had resolved, in lower case, without the final dot; null where none is known
 */
public record Party(
        @Nullable Endpoint endpoint,
        @Nullable Cidr address,
        @Nullable String domain) {
    /** @throws IllegalArgumentException where nothing is known, or the address is a range */
    public Party {
        if (endpoint == null && address == null && domain == null) {
            throw new IllegalArgumentException("a party needs an endpoint, an address or a domain name");
        }
        if (address != null && !address.isSingleAddress()) {
            throw new IllegalArgumentException("'" + address + "' is a range, a flow has one address");
        }
        if (domain != null) {
            domain = normalized(domain);
        }
    }

    /** An endpoint at the first of its addresses. */
    public static Party of(Endpoint endpoint) {
        return new Party(
                endpoint,
                endpoint.addresses().isEmpty() ? null : endpoint.addresses().getFirst(),
                null);
    }

    /**
     * Whoever has that address.
     *
     * @throws IllegalArgumentException where the text is no address in plain notation
     */
    public static Party at(String address) {
        return new Party(null, address(address), null);
    }

    /** What a domain name stands for, whatever its address. */
    public static Party named(String domain) {
        return new Party(null, null, domain);
    }

    /** A domain name as it is compared. */
    public static String normalized(String domain) {
        String lower = domain.toLowerCase(Locale.ROOT);
        return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
    }

    static Cidr address(String text) {
        if (text.contains("/")) {
            throw new IllegalArgumentException("'" + text + "' is a range, a flow has one address");
        }
        return Cidr.parse(text);
    }

    /** The address in canonical notation, in brackets where it is IPv6; the name or endpoint where it isn't known. */
    public String host() {
        if (address != null) {
            String text = address.address();
            return text.contains(":") ? "[" + text + "]" : text;
        }
        return domain != null ? domain : String.valueOf(endpoint);
    }

    @Override
    public String toString() {
        String host = host();
        String more = endpoint != null && address != null
                ? endpoint.toString()
                : domain != null && address != null ? domain : "";
        return more.isEmpty() ? host : host + " (" + more + ")";
    }
}
