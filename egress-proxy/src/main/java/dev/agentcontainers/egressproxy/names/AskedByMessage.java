package dev.agentcontainers.egressproxy.names;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.ExtendedErrorCodeOption;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/**
 * Asks the name service as the agent would, with a message: so there is one way to a name, with all that is checked, counted and
 * recorded on it. Thread-safe.
 */
public final class AskedByMessage implements NameLookup {
    private final NameService service;
    private final Executor names;

    /** @param names the thread of the service */
    public AskedByMessage(NameService service, Executor names) {
        this.service = service;
        this.names = names;
    }

    @Override
    public CompletableFuture<Result> lookUp(String agent, String name) {
        CompletableFuture<Result> result = new CompletableFuture<>();
        byte[] question;
        try {
            Name absolute = Name.fromString(name, Name.root);
            Message message = Message.newQuery(Record.newRecord(absolute, Type.A, DClass.IN));
            // With the extension, answers say why.
            message.addRecord(new OPTRecord(Reply.LARGEST_DATAGRAM, 0, 0), Section.ADDITIONAL);
            question = message.toWire();
        } catch (TextParseException e) {
            result.complete(new Result.Denied("it is no name of DNS"));
            return result;
        }
        try {
            names.execute(() ->
                    service.ask(agent, question, true, (answer, opened) -> result.complete(read(answer, opened))));
        } catch (RejectedExecutionException e) {
            result.completeExceptionally(e);
        }
        return result;
    }

    /** Of what was opened only that counts which the agent would have been told. */
    private static Result read(byte[] answer, Openings.Opened opened) {
        try {
            Message message = new Message(answer);
            List<String> addresses = new ArrayList<>();
            for (Record each : message.getSection(Section.ANSWER)) {
                if (each instanceof ARecord record) {
                    addresses.add(record.getAddress().getHostAddress());
                }
            }
            if (!addresses.isEmpty()) {
                return new Result.Opened(opened.among(addresses));
            }
            Optional<String> why = why(message);
            return switch (message.getRcode()) {
                case Rcode.REFUSED ->
                    new Result.Denied(
                            why.orElse("no rule allows it, or this agent asks more often than its node allows"));
                case Rcode.NXDOMAIN -> new Result.Failed("there is no such name");
                case Rcode.NOERROR -> new Result.Failed("it has no address of IPv4");
                default ->
                    why.<Result>map(Result.Denied::new)
                            .orElseGet(() -> new Result.Failed("its addresses can't be found or opened now"));
            };
        } catch (IOException e) {
            return new Result.Failed("its addresses can't be found or opened now");
        }
    }

    /** What the service says beside its code, where it refuses. */
    private static Optional<String> why(Message message) {
        OPTRecord extension = message.getOPT();
        return extension == null
                ? Optional.empty()
                : extension.getOptions(EDNSOption.Code.EDNS_EXTENDED_ERROR).stream()
                        .map(ExtendedErrorCodeOption.class::cast)
                        .map(ExtendedErrorCodeOption::getText)
                        .findFirst();
    }
}
