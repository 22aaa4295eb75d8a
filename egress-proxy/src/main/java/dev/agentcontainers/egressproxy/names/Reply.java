package dev.agentcontainers.egressproxy.names;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.ExtendedErrorCodeOption;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;

/**
 * Answers to agents, made anew: nothing of what came from upstream is in them but addresses. The aliases of a name are left
 * out, the addresses are said to be its own.
 */
final class Reply {
    /** What UDP carries everywhere without fragments (DNS flag day 2020). */
    static final int LARGEST_DATAGRAM = 1232;

    private static final int LARGEST_PLAIN_DATAGRAM = 512;
    private static final int LARGEST_STREAM = 65535;

    private Reply() {}

    /** To a message that holds no question that is served. */
    static byte[] unserved(Header header, int code) {
        Message reply = new Message(header.getID());
        reply.getHeader().setFlag(Flags.QR);
        reply.getHeader().setOpcode(header.getOpcode());
        if (header.getFlag(Flags.RD)) {
            reply.getHeader().setFlag(Flags.RD);
        }
        // Codes beyond four bits have their upper part in the extension (RFC 6891, 6.1.3).
        reply.getHeader().setRcode(code & 0xf);
        if (code > 0xf) {
            reply.addRecord(new OPTRecord(LARGEST_DATAGRAM, code >> 4, 0), Section.ADDITIONAL);
        }
        return reply.toWire(LARGEST_PLAIN_DATAGRAM);
    }

    /** @param why for a person who looks for the cause; null where there is nothing to say */
    static byte[] without(Question.Asked asked, int code, @Nullable String why, boolean stream) {
        return bytes(begun(asked, code, why), asked, stream);
    }

    static byte[] with(Question.Asked asked, List<String> addresses, int seconds, boolean stream) {
        Message reply = begun(asked, Rcode.NOERROR, null);
        for (String address : addresses) {
            try {
                // Never looked up: it is an address in plain notation.
                reply.addRecord(
                        new ARecord(asked.record().getName(), DClass.IN, seconds, InetAddress.getByName(address)),
                        Section.ANSWER);
            } catch (UnknownHostException e) {
                throw new IllegalArgumentException("'" + address + "' is no address", e);
            }
        }
        return bytes(reply, asked, stream);
    }

    private static Message begun(Question.Asked asked, int code, @Nullable String why) {
        Message reply = new Message(asked.message().getHeader().getID());
        reply.getHeader().setFlag(Flags.QR);
        reply.getHeader().setFlag(Flags.RA);
        if (asked.message().getHeader().getFlag(Flags.RD)) {
            reply.getHeader().setFlag(Flags.RD);
        }
        reply.getHeader().setRcode(code);
        reply.addRecord(asked.record(), Section.QUESTION);
        if (asked.extension() != null) {
            List<EDNSOption> options = why == null
                    ? List.of()
                    : List.of(new ExtendedErrorCodeOption(ExtendedErrorCodeOption.BLOCKED, why));
            reply.addRecord(new OPTRecord(LARGEST_DATAGRAM, 0, 0, 0, options), Section.ADDITIONAL);
        }
        return reply;
    }

    /** What doesn't fit is left out and the answer says so, so that the agent asks again by stream. */
    private static byte[] bytes(Message reply, Question.Asked asked, boolean stream) {
        if (stream) {
            return reply.toWire(LARGEST_STREAM);
        }
        OPTRecord extension = asked.extension();
        return reply.toWire(
                extension == null
                        ? LARGEST_PLAIN_DATAGRAM
                        : Math.clamp(extension.getPayloadSize(), LARGEST_PLAIN_DATAGRAM, LARGEST_DATAGRAM));
    }
}
