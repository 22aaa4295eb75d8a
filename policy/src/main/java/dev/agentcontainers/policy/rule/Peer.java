package dev.agentcontainers.policy.rule;

import dev.agentcontainers.policy.box.AddressFamily;
import dev.agentcontainers.policy.box.AddressRanges;
import dev.agentcontainers.policy.box.Cidr;
import java.util.List;

/** A destination that a rule allows. */
public sealed interface Peer {
    /** The addresses that the peer stands for, of one family. */
    AddressRanges addresses(AddressFamily family);

    /** Any address. */
    record Everywhere() implements Peer {
        @Override
        public AddressRanges addresses(AddressFamily family) {
            return AddressRanges.everywhere(family);
        }
    }

    /** The addresses of a CIDR without some of them. */
    record Block(Cidr cidr, List<Cidr> except) implements Peer {
        public Block {
            except = List.copyOf(except);
        }

        @Override
        public AddressRanges addresses(AddressFamily family) {
            return cidr.family() == family
                    ? AddressRanges.of(cidr).minus(AddressRanges.ofFamily(family, except))
                    : AddressRanges.none(family);
        }
    }

    /** A peer that stands for no address here: it selects by labels, or it can't be read. It allows nothing. */
    record Unresolved(String problem) implements Peer {
        @Override
        public AddressRanges addresses(AddressFamily family) {
            return AddressRanges.none(family);
        }
    }
}
