package dev.agentcontainers.nodeagent.linux.netlink;

/**
 * A range of IPv4 addresses that share their first bits.
 *
 * @param base lowest address
 * @param prefix number of shared bits, 0 to 32
 */
public record Ipv4Network(Ipv4 base, int prefix) {
    public Ipv4Network {
        if (prefix < 0 || prefix > 32) {
            throw new IllegalArgumentException("prefix " + prefix + " must be 0 to 32");
        }
        if ((base.bits() & ~mask(prefix)) != 0) {
            throw new IllegalArgumentException(base + "/" + prefix + " has bits set beyond its prefix; write "
                    + new Ipv4(base.bits() & mask(prefix)) + "/" + prefix);
        }
    }

    /** Reads {@code 10.0.0.0/8}, or a single address. */
    public static Ipv4Network parse(String text) {
        int slash = text.indexOf('/');
        return slash < 0
                ? new Ipv4Network(Ipv4.parse(text), 32)
                : new Ipv4Network(Ipv4.parse(text.substring(0, slash)), Integer.parseInt(text.substring(slash + 1)));
    }

    public boolean contains(Ipv4 address) {
        return (address.bits() & mask(prefix)) == base.bits();
    }

    public Ipv4 last() {
        return new Ipv4(base.bits() | ~mask(prefix));
    }

    /** 2^31 at most is given for a prefix of 1; not for 0. */
    public int size() {
        return 1 << (32 - prefix);
    }

    private static int mask(int prefix) {
        return prefix == 0 ? 0 : -1 << (32 - prefix);
    }

    @Override
    public String toString() {
        return base + "/" + prefix;
    }
}
