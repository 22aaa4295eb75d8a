package dev.agentcontainers.egressproxy.names;

import dev.agentcontainers.policy.rule.DomainName;
import dev.agentcontainers.protocol.names.NameVerdict;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** What came from an agent. */
sealed interface Question {
    /** Gets no answer: too short to have one, or an answer itself. */
    record Silent() implements Question {}

    /** @param header of the message, for the answer */
    record Unserved(Header header, int code, NameVerdict verdict) implements Question {
        Unserved(Header header, int code) {
            this(header, code, NameVerdict.MALFORMED);
        }
    }

    /**
     * One question, well formed.
     *
     * @param name as rules mean it; empty where none can mean it
     */
    record Asked(Message message, Optional<String> name) implements Question {
        Record record() {
            return message.getSection(Section.QUESTION).getFirst();
        }

        @Nullable
        OPTRecord extension() {
            return message.getOPT();
        }

        String type() {
            return Type.string(record().getType());
        }

        /** In printable characters. */
        String text() {
            return record().getName().toString(true);
        }
    }

    /** One that is refused as it is, at as little cost as it had for the sender. */
    static Question tooMany(byte[] bytes) {
        return header(bytes)
                .<Question>map(header -> new Unserved(header, Rcode.REFUSED, NameVerdict.TOO_MANY))
                .orElseGet(Silent::new);
    }

    static Question read(byte[] bytes) {
        return header(bytes).map(header -> read(header, bytes)).orElseGet(Silent::new);
    }

    /** Empty where there is none, and where it is that of an answer. */
    private static Optional<Header> header(byte[] bytes) {
        try {
            return Optional.of(new Header(bytes)).filter(header -> !header.getFlag(Flags.QR));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static Question read(Header header, byte[] bytes) {
        if (header.getOpcode() != Opcode.QUERY) {
            return new Unserved(header, Rcode.NOTIMP);
        }
        if (header.getFlag(Flags.TC)
                || header.getCount(Section.QUESTION) != 1
                || header.getCount(Section.ANSWER) != 0
                || header.getCount(Section.AUTHORITY) != 0) {
            return new Unserved(header, Rcode.FORMERR);
        }
        Message message;
        try {
            message = new Message(bytes);
        } catch (IOException | RuntimeException e) {
            // The codec answers some malformed records with unchecked exceptions.
            return new Unserved(header, Rcode.FORMERR);
        }
        Record record = message.getSection(Section.QUESTION).getFirst();
        if (record.getDClass() != DClass.IN) {
            return new Unserved(header, Rcode.REFUSED);
        }
        OPTRecord extension = message.getOPT();
        if (extension != null && extension.getVersion() > 0) {
            return new Unserved(header, Rcode.BADVERS);
        }
        return new Asked(message, name(record.getName()));
    }

    /** By its labels: a label that has a dot in it must not become two. */
    private static Optional<String> name(Name name) {
        StringJoiner text = new StringJoiner(".");
        for (int i = 0; i < name.labels() - 1; i++) {
            byte[] label = name.getLabel(i);
            for (int at = 1; at < label.length; at++) {
                if (label[at] == '.') {
                    return Optional.empty();
                }
            }
            text.add(new String(label, 1, label.length - 1, StandardCharsets.ISO_8859_1));
        }
        return DomainName.asked(text.toString());
    }
}
