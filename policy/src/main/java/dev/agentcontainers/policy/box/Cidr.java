package dev.agentcontainers.policy.box;

import inet.ipaddr.AddressStringParameters.RangeParameters;
import inet.ipaddr.IPAddress;
import inet.ipaddr.IPAddressString;
import inet.ipaddr.IPAddressStringParameters;

/**
 * A range of addresses that share a prefix; a single address is one of full length. Host bits are cleared, as
 * NetworkPolicy allows them in {@code ipBlock.cidr}.
 *
 * <p>Only the plain notations are read: what looks like another address to another reader (octal, hexadecimal, fewer
 * than four parts, zones, wildcards) is refused.
 */
public record Cidr(IPAddress block) {
    private static final IPAddressStringParameters PLAIN = new IPAddressStringParameters.Builder()
            .allowEmpty(false)
            .allowAll(false)
            .allowSingleSegment(false)
            .allowMask(false)
            .allowPrefixOnly(false)
            .allowWildcardedSeparator(false)
            .setRangeOptions(RangeParameters.NO_RANGE)
            .getIPv4AddressParametersBuilder()
            .allow_inet_aton(false)
            .allowBinary(false)
            .allowLeadingZeros(false)
            .setRangeOptions(RangeParameters.NO_RANGE)
            .getParentBuilder()
            .getIPv6AddressParametersBuilder()
            .allowZone(false)
            .allowBase85(false)
            .allowBinary(false)
            .setRangeOptions(RangeParameters.NO_RANGE)
            .getParentBuilder()
            .toParams();

    public Cidr {
        block = block.isPrefixed() ? block.toPrefixBlock() : block.toPrefixBlock(block.getBitCount());
    }

    /**
     * Reads {@code 10.20.0.0/16}, {@code 10.20.1.1}, {@code 2001:db8::/32}.
     *
     * @throws IllegalArgumentException where the text is no address or CIDR in plain notation
     */
    public static Cidr parse(String text) {
        // The library trims; here the text is what was written or it is wrong.
        IPAddress address =
                text.isBlank() || !text.strip().equals(text) ? null : new IPAddressString(text, PLAIN).getAddress();
        if (address == null) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no address or CIDR, write it like 10.20.0.0/16 or 2001:db8::/32");
        }
        return new Cidr(address);
    }

    public AddressFamily family() {
        return block.isIPv4() ? AddressFamily.IPV4 : AddressFamily.IPV6;
    }

    public boolean isSingleAddress() {
        return !block.isMultiple();
    }

    /** True where every address of the other is one of this. */
    public boolean contains(Cidr other) {
        return other.family() == family() && block.contains(other.block);
    }

    /** The address alone, without prefix length; for a range its first. */
    public String address() {
        return block.getLower().withoutPrefixLength().toCanonicalString();
    }

    public int prefixLength() {
        return block.getNetworkPrefixLength();
    }

    @Override
    public String toString() {
        return address() + "/" + prefixLength();
    }
}
