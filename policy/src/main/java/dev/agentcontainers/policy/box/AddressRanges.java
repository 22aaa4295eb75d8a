package dev.agentcontainers.policy.box;

import inet.ipaddr.IPAddress;
import inet.ipaddr.IPAddressSeqRange;
import inet.ipaddr.IPAddressSeqRangeList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** An immutable set of addresses of one family, kept as sorted ranges that neither overlap nor touch. */
public final class AddressRanges {
    private final AddressFamily family;
    private final IPAddressSeqRangeList ranges;

    private AddressRanges(AddressFamily family, IPAddressSeqRangeList ranges) {
        this.family = family;
        this.ranges = ranges;
    }

    /** The empty set. */
    public static AddressRanges none(AddressFamily family) {
        return new AddressRanges(family, new IPAddressSeqRangeList());
    }

    /** Every address of the family. */
    public static AddressRanges everywhere(AddressFamily family) {
        return of(Cidr.parse(family.everywhere()));
    }

    /** The addresses of a CIDR. */
    public static AddressRanges of(Cidr cidr) {
        var ranges = new IPAddressSeqRangeList();
        ranges.add(cidr.block().toSequentialRange());
        return new AddressRanges(cidr.family(), ranges);
    }

    /** The addresses of the CIDRs that are of this family. */
    public static AddressRanges ofFamily(AddressFamily family, List<Cidr> cidrs) {
        var ranges = new IPAddressSeqRangeList();
        cidrs.stream()
                .filter(cidr -> cidr.family() == family)
                .forEach(cidr -> ranges.add(cidr.block().toSequentialRange()));
        return new AddressRanges(family, ranges);
    }

    public AddressFamily family() {
        return family;
    }

    public boolean isEmpty() {
        return ranges.isEmpty();
    }

    public boolean contains(Cidr cidr) {
        return cidr.family() == family && ranges.contains(cidr.block().toSequentialRange());
    }

    /** The addresses that are in any of the sets, which are all of this family. */
    public static AddressRanges union(AddressFamily family, Collection<AddressRanges> sets) {
        if (sets.size() == 1 && sets.iterator().next().family == family) {
            return sets.iterator().next();
        }
        AddressRanges union = none(family);
        for (AddressRanges set : sets) {
            union.requireSameFamily(set);
            for (IPAddressSeqRange range : set.ranges.getSeqRanges()) {
                union.ranges.add(range);
            }
        }
        return union;
    }

    /** The addresses in this set and not in the other. */
    public AddressRanges minus(AddressRanges other) {
        requireSameFamily(other);
        var rest = ranges.clone();
        for (IPAddressSeqRange range : other.ranges.getSeqRanges()) {
            rest.remove(range);
        }
        return new AddressRanges(family, rest);
    }

    /** The addresses that are in both sets. */
    public AddressRanges intersection(AddressRanges other) {
        requireSameFamily(other);
        return new AddressRanges(family, ranges.intersectIntoList(other.ranges));
    }

    /** The fewest CIDRs that hold exactly these addresses, in ascending order. */
    public List<Cidr> cidrs() {
        List<Cidr> cidrs = new ArrayList<>();
        for (IPAddressSeqRange range : ranges.getSeqRanges()) {
            Arrays.stream(range.spanWithPrefixBlocks())
                    .sorted(Comparator.comparing(IPAddress::getLower))
                    .map(Cidr::new)
                    .forEach(cidrs::add);
        }
        return List.copyOf(cidrs);
    }

    private void requireSameFamily(AddressRanges other) {
        if (other.family != family) {
            throw new IllegalArgumentException("address families differ: " + family + " and " + other.family);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof AddressRanges that
                && that.family == family
                && Arrays.equals(that.ranges.getSeqRanges(), ranges.getSeqRanges());
    }

    @Override
    public int hashCode() {
        return 31 * family.hashCode() + Arrays.hashCode(ranges.getSeqRanges());
    }

    @Override
    public String toString() {
        return cidrs().toString();
    }
}
