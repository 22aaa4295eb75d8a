package dev.agentcontainers.egressproxy.upstream;

import java.io.IOException;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/**
 * One question, with an id that nobody can guess.
 *
 * @param name absolute
 */
record UpstreamQuestion(Name name, int id) {
    private static final int PAYLOAD = 1232;
    private static final int IDS = 1 << 16;

    static UpstreamQuestion of(String name, RandomGenerator random) {
        try {
            return new UpstreamQuestion(Name.fromString(name + "."), random.nextInt(IDS));
        } catch (TextParseException e) {
            throw new IllegalArgumentException("'" + name + "' is no domain name", e);
        }
    }

    byte[] bytes() {
        Message message = Message.newQuery(Record.newRecord(name, Type.A, DClass.IN));
        message.getHeader().setID(id);
        message.addRecord(new OPTRecord(PAYLOAD, 0, 0), Section.ADDITIONAL);
        return message.toWire();
    }

    /** The response to this very question that the bytes are; empty where they are anything else. */
    Optional<Message> responseIn(byte[] bytes) {
        try {
            Message message = new Message(bytes);
            boolean fits = message.getHeader().getID() == id
                    && message.getHeader().getFlag(Flags.QR)
                    && message.getHeader().getOpcode() == Opcode.QUERY
                    && message.getHeader().getCount(Section.QUESTION) == 1
                    && isAsked(message.getSection(Section.QUESTION).getFirst());
            return fits ? Optional.of(message) : Optional.empty();
        } catch (IOException | RuntimeException e) {
            return Optional.empty();
        }
    }

    private boolean isAsked(Record question) {
        return question.getName().equals(name) && question.getType() == Type.A && question.getDClass() == DClass.IN;
    }
}
