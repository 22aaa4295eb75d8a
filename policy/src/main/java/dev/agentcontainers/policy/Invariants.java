package dev.agentcontainers.policy;

import dev.agentcontainers.policy.box.AddressFamily;
import dev.agentcontainers.policy.box.AddressRanges;
import dev.agentcontainers.policy.box.Cidr;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Addresses that no agent reaches whatever policies say. The compiler leaves them out, the evaluator denies them, and a
 * node's fence drops them before it looks at any ruleset (together with the node's own addresses, which only it knows).
 */
public final class Invariants {
    /** A range that is always denied, and why. */
    public record Invariant(String cidr, String meaning) {}

    private static final List<Invariant> IPV4 = List.of(
            new Invariant("0.0.0.0/8", "unspecified, which is the machine itself (RFC 1122)"),
            new Invariant("127.0.0.0/8", "loopback (RFC 1122)"),
            new Invariant("169.254.0.0/16", "link-local, with the metadata services of most clouds (RFC 3927)"),
            new Invariant("100.100.100.200/32", "metadata service of Alibaba Cloud"),
            new Invariant("168.63.129.16/32", "host service of Azure"),
            new Invariant("224.0.0.0/4", "multicast (RFC 5771)"),
            new Invariant("255.255.255.255/32", "broadcast (RFC 919)"));

    // Of the clouds' unique local prefixes the whole is denied: each has more services than the one for metadata, and
    // ranges
    // of single addresses would cut every wide rule into hundreds of boxes.
    private static final List<Invariant> IPV6 = List.of(
            new Invariant("::/96", "unspecified, loopback and IPv4-compatible (RFC 4291)"),
            new Invariant("::ffff:0:0/96", "IPv4-mapped, which is IPv4 in disguise (RFC 4291)"),
            new Invariant("fe80::/10", "link-local (RFC 4291)"),
            new Invariant("ff00::/8", "multicast (RFC 4291)"),
            new Invariant("fd00:ec2::/32", "metadata, credential and other services of AWS"),
            new Invariant("fd20:ce::/32", "metadata service of Google Cloud"),
            new Invariant("fd00:c1::/32", "metadata service of Oracle Cloud"),
            new Invariant("2002::/16", "6to4, which embeds any IPv4 address (RFC 3056, deprecated by RFC 7526)"));

    /** All of them. The IPv4 ones appear once more as NAT64 embeds them (RFC 6052). */
    public static final List<Invariant> ALL = Stream.of(
                    IPV4.stream(), IPV6.stream(), IPV4.stream().map(Invariants::throughNat64))
            .flatMap(Function.identity())
            .toList();

    private record Parsed(Cidr range, Invariant invariant) {}

    private static final List<Parsed> PARSED = ALL.stream()
            .map(invariant -> new Parsed(Cidr.parse(invariant.cidr()), invariant))
            .toList();

    private static final AddressRanges IPV4_RANGES = ranges(AddressFamily.IPV4);
    private static final AddressRanges IPV6_RANGES = ranges(AddressFamily.IPV6);

    private Invariants() {}

    /** The ranges of all invariants. */
    public static List<String> cidrs() {
        return ALL.stream().map(Invariant::cidr).toList();
    }

    /**
     * The invariant that denies an address, if one does.
     *
     * @throws IllegalArgumentException where the text is no address
     */
    public static Optional<Invariant> denying(String address) {
        return denying(Cidr.parse(address));
    }

    static Optional<Invariant> denying(Cidr address) {
        return PARSED.stream()
                .filter(parsed -> parsed.range().contains(address))
                .map(Parsed::invariant)
                .findFirst();
    }

    /** The addresses without those that are always denied. */
    static AddressRanges removedFrom(AddressRanges addresses) {
        return addresses.minus(
                switch (addresses.family()) {
                    case IPV4 -> IPV4_RANGES;
                    case IPV6 -> IPV6_RANGES;
                });
    }

    private static AddressRanges ranges(AddressFamily family) {
        return AddressRanges.ofFamily(family, cidrs().stream().map(Cidr::parse).toList());
    }

    private static Invariant throughNat64(Invariant invariant) {
        Cidr cidr = Cidr.parse(invariant.cidr());
        return new Invariant(
                Cidr.parse("64:ff9b::" + cidr.address() + "/" + (96 + cidr.prefixLength()))
                        .toString(),
                invariant.meaning() + ", through NAT64 (RFC 6052)");
    }
}
