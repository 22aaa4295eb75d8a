package dev.agentcontainers.egressproxy.upstream;

import dev.agentcontainers.policy.box.Cidr;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/** Reads whom to ask: {@code 192.0.2.1}, {@code 192.0.2.1:53}, {@code 2001:db8::1}, {@code [2001:db8::1]:53}. */
public final class UpstreamAddress {
    private static final int PORT = 53;
    private static final int HIGHEST = 65535;

    private UpstreamAddress() {}

    /** @throws IllegalArgumentException saying what is wrong with it */
    public static InetSocketAddress parse(String text) {
        String address = text;
        int port = PORT;
        boolean bracketed = text.startsWith("[");
        int colon = text.lastIndexOf(':');
        if (bracketed ? colon > text.indexOf(']') : colon >= 0 && colon == text.indexOf(':')) {
            port = port(text, text.substring(colon + 1));
            address = text.substring(0, colon);
        }
        if (bracketed) {
            if (!address.endsWith("]")) {
                throw wrong(text);
            }
            address = address.substring(1, address.length() - 1);
        }
        try {
            Cidr cidr = Cidr.parse(address);
            if (address.contains("/")) {
                throw wrong(text);
            }
            return new InetSocketAddress(InetAddress.getByName(cidr.address()), port);
        } catch (IllegalArgumentException | UnknownHostException e) {
            throw wrong(text);
        }
    }

    private static int port(String text, String digits) {
        if (!digits.matches("[0-9]{1,5}")) {
            throw wrong(text);
        }
        int port = Integer.parseInt(digits);
        if (port < 1 || port > HIGHEST) {
            throw wrong(text);
        }
        return port;
    }

    private static IllegalArgumentException wrong(String text) {
        return new IllegalArgumentException(
                "'" + text
                        + "' must be the address of a resolver, with or without a port: 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53");
    }
}
