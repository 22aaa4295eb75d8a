package dev.agentcontainers.egressproxy.names;

import dev.agentcontainers.protocol.names.NameVerdict;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
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
            question = Message.newQuery(Record.newRecord(absolute, Type.A, DClass.IN))
                    .toWire();
        } catch (TextParseException e) {
            result.complete(new Result.Refused(NameVerdict.DENIED));
            return result;
        }
        try {
            names.execute(() -> service.ask(agent, question, true, answer -> result.complete(read(answer))));
        } catch (RejectedExecutionException e) {
            result.completeExceptionally(e);
        }
        return result;
    }

    private static Result read(byte[] answer) {
        try {
            Message message = new Message(answer);
            List<String> addresses = new ArrayList<>();
            for (Record each : message.getSection(Section.ANSWER)) {
                if (each instanceof ARecord record) {
                    addresses.add(record.getAddress().getHostAddress());
                }
            }
            if (!addresses.isEmpty()) {
                return new Result.Opened(addresses);
            }
            return new Result.Refused(
                    switch (message.getRcode()) {
                        case Rcode.REFUSED -> NameVerdict.DENIED;
                        case Rcode.NXDOMAIN -> NameVerdict.NO_SUCH_NAME;
                        case Rcode.NOERROR -> NameVerdict.NO_DATA;
                        default -> NameVerdict.UPSTREAM_FAILED;
                    });
        } catch (IOException e) {
            return new Result.Refused(NameVerdict.UPSTREAM_FAILED);
        }
    }
}
