package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader.Element;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** Reads what a group allows, one way, out of an element of its set: address, protocol and port, each padded to four bytes. */
final class AllowedBox {
    private AllowedBox() {}

    /** @throws IllegalStateException where the element is not one that the fence makes */
    static Allow of(Element element, boolean ipv6) {
        int addressLength = ipv6 ? 16 : 4;
        if (element.key().length != addressLength + 8 || element.keyEnd().length != addressLength + 8) {
            throw new IllegalStateException("element of " + element.key().length + " bytes in a group's set");
        }
        byte[] first = Arrays.copyOf(element.key(), addressLength);
        byte[] last = Arrays.copyOf(element.keyEnd(), addressLength);
        return new Allow(
                address(first) + "/" + prefix(first, last),
                protocol(element.key()[addressLength]),
                port(element.key(), addressLength + 4),
                port(element.keyEnd(), addressLength + 4));
    }

    private static String address(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes).getHostAddress();
        } catch (UnknownHostException e) {
            throw new IllegalStateException("address of " + bytes.length + " bytes", e);
        }
    }

    /** Number of leading bits that the first and the last address of a CIDR share. */
    private static int prefix(byte[] first, byte[] last) {
        int bits = first.length * 8;
        int prefix = 0;
        while (prefix < bits && bit(first, prefix) == bit(last, prefix)) {
            prefix++;
        }
        for (int i = prefix; i < bits; i++) {
            if (bit(first, i) != 0 || bit(last, i) != 1) {
                throw new IllegalStateException(address(first) + "-" + address(last) + " is not a CIDR");
            }
        }
        return prefix;
    }

    private static int bit(byte[] bytes, int index) {
        return bytes[index / 8] >> (7 - index % 8) & 1;
    }

    static Protocol protocol(byte number) {
        return switch (number) {
            case 6 -> Protocol.TCP;
            case 17 -> Protocol.UDP;
            case (byte) 132 -> Protocol.SCTP;
            default -> throw new IllegalStateException("protocol " + number + " in a group's set");
        };
    }

    /** The number of the protocol in IP's header. */
    static byte number(Protocol protocol) {
        return switch (protocol) {
            case TCP -> 6;
            case UDP -> 17;
            case SCTP -> (byte) 132;
        };
    }

    private static int port(byte[] key, int offset) {
        return Short.toUnsignedInt(ByteBuffer.wrap(key).getShort(offset));
    }
}
