package dev.agentcontainers.egressproxy.names;

import dev.agentcontainers.protocol.names.NameServer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;

/**
 * Reads what a response to a question for IPv4 addresses says about the name: the records of its chain of aliases in this
 * one response. Whatever else is in it counts for nothing.
 */
public final class AnswerReader {
    /** Bounds of what an answer may say of its life, in seconds: shorter ones would be gone before they are used. */
    static final int SHORTEST = 5;

    static final int LONGEST = 300;
    private static final int MOST_ALIASES = 16;

    private AnswerReader() {}

    /** @param response to exactly that question */
    public static Resolution read(Message response, Name name) {
        if (response.getRcode() == Rcode.NXDOMAIN) {
            return new Resolution.NoSuchName();
        }
        if (response.getRcode() != Rcode.NOERROR) {
            return new Resolution.Failed("upstream answers " + Rcode.string(response.getRcode()));
        }
        List<Record> answer = response.getSection(Section.ANSWER).stream()
                .filter(each -> each.getDClass() == DClass.IN)
                .toList();
        Set<Name> passed = new HashSet<>();
        Name owner = name;
        long seconds = LONGEST;
        for (Optional<CNAMERecord> alias = alias(answer, owner); alias.isPresent(); alias = alias(answer, owner)) {
            if (!passed.add(owner) || passed.size() > MOST_ALIASES) {
                return new Resolution.Failed("the aliases of the name don't end");
            }
            seconds = Math.min(seconds, alias.get().getTTL());
            owner = alias.get().getTarget();
        }
        List<String> addresses = new ArrayList<>();
        for (Record each : answer) {
            if (each instanceof ARecord found
                    && found.getName().equals(owner)
                    && addresses.size() < NameServer.MOST_ADDRESSES) {
                seconds = Math.min(seconds, found.getTTL());
                addresses.add(found.getAddress().getHostAddress());
            }
        }
        return addresses.isEmpty()
                ? new Resolution.NoData()
                : new Resolution.Found(
                        addresses.stream().distinct().toList(), (int) Math.clamp(seconds, SHORTEST, LONGEST));
    }

    private static Optional<CNAMERecord> alias(List<Record> answer, Name owner) {
        return answer.stream()
                .filter(each -> each instanceof CNAMERecord && each.getName().equals(owner))
                .map(CNAMERecord.class::cast)
                .findFirst();
    }
}
