package dev.agentcontainers.egressproxy.names;

import dev.agentcontainers.egressproxy.names.Openings.Opened;
import dev.agentcontainers.egressproxy.names.Question.Asked;
import dev.agentcontainers.policy.Invariants;
import dev.agentcontainers.policy.rule.DomainName;
import dev.agentcontainers.protocol.names.NameVerdict;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import dev.agentcontainers.protocol.names.ProxyMessage.NameDecision;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Type;

/**
 * Answers agents. Nothing of a question leaves the node unless a rule of the agent's group allows its name, and no address is
 * told before the kernel lets the agent reach it. For one thread.
 */
public final class NameService {
    private static final Logger LOG = System.getLogger(NameService.class.getName());

    /**
     * For how many seconds longer than the answer says the addresses stay open: clients keep answers beyond their life, the
     * JDK for thirty seconds whatever they say.
     */
    private static final int GRACE = 30;

    private static final String NO_RULE = "no rule of this agent's policy allows this name";
    private static final String TOO_OFTEN = "this agent asks more often than its node allows";
    private static final String LIKE_DATA = "names below this wildcard look like data, or are too many";
    private static final String CLOSED = "the name stands for addresses only that no name opens";

    private final Resolver resolver;
    private final Openings openings;
    private final Decisions decisions;
    private final Clock clock;
    private final LongSupplier nanoTime;
    private Map<String, Agent> agents = new HashMap<>();

    /** One question on its way. */
    private record Request(
            Agent agent, Asked asked, String name, DomainName rule, boolean stream, long began, Listener answer) {}

    public NameService(Upstream upstream, Openings openings, Decisions decisions, Clock clock, LongSupplier nanoTime) {
        this.resolver = new Resolver(upstream, nanoTime);
        this.openings = openings;
        this.decisions = decisions;
        this.clock = clock;
        this.nanoTime = nanoTime;
    }

    /** Who is told the answer. */
    @FunctionalInterface
    interface Listener {
        /**
         * @param message that the agent is sent
         * @param opened what was opened for it before; nothing where the message says no address
         */
        void answered(byte[] message, Opened opened);
    }

    /** Replaces who may ask for what. What agents have asked lately still counts against their limits. */
    public void configure(Configure configuration) {
        Map<String, NameRules> groups = new HashMap<>();
        configuration.groups().forEach((group, names) -> groups.put(group, rules(group, names)));
        Map<String, Agent> now = new HashMap<>();
        configuration.agents().forEach((address, group) -> {
            NameRules rules = groups.getOrDefault(group, NameRules.of(List.of()));
            Agent before = agents.get(address);
            if (before != null && before.has(configuration.limits())) {
                before.allow(rules);
                now.put(address, before);
            } else {
                now.put(address, new Agent(address, rules, configuration.limits(), nanoTime.getAsLong()));
            }
        });
        agents = now;
    }

    /** To be called when another resolver is asked from now on. */
    public void forgetAnswers() {
        resolver.forgetAll();
    }

    private static NameRules rules(String group, List<String> names) {
        try {
            return NameRules.of(names);
        } catch (IllegalArgumentException e) {
            LOG.log(Level.ERROR, "group {0} may resolve nothing: {1}", group, e.getMessage());
            return NameRules.of(List.of());
        }
    }

    /**
     * Takes a message.
     *
     * @param from address that the agent sent it from
     * @param stream whether it came by TCP
     * @param answer called once with what is to be sent back, now or later on this thread; not called where nothing is
     */
    public void ask(String from, byte[] message, boolean stream, Consumer<byte[]> answer) {
        ask(from, message, stream, (bytes, _) -> answer.accept(bytes));
    }

    /** As {@link #ask(String, byte[], boolean, Consumer)}, for who has to know more than the agent is told. */
    void ask(String from, byte[] message, boolean stream, Listener answer) {
        long began = nanoTime.getAsLong();
        Agent agent = agents.get(from);
        Question question = agent == null || agent.mayAsk(began) ? Question.read(message) : Question.tooMany(message);
        switch (question) {
            case Question.Silent _ -> {}
            case Question.Unserved unserved -> {
                record(from, "", "", unserved.verdict(), null, List.of(), began);
                answer.answered(Reply.unserved(unserved.header(), unserved.code()), Opened.NOTHING);
            }
            case Asked asked -> {
                if (agent == null) {
                    record(from, asked.text(), asked.type(), NameVerdict.UNKNOWN_AGENT, null, List.of(), began);
                    answer.answered(Reply.without(asked, Rcode.SERVFAIL, null, stream), Opened.NOTHING);
                } else {
                    ask(agent, asked, stream, began, answer);
                }
            }
        }
    }

    private void ask(Agent agent, Asked asked, boolean stream, long began, Listener answer) {
        Optional<DomainName> rule = asked.name().flatMap(agent.rules()::allowing);
        if (rule.isEmpty()) {
            record(agent.address(), asked.text(), asked.type(), NameVerdict.DENIED, null, List.of(), began);
            answer.answered(Reply.without(asked, Rcode.REFUSED, NO_RULE, stream), Opened.NOTHING);
        } else {
            ask(new Request(agent, asked, asked.name().orElseThrow(), rule.get(), stream, began, answer));
        }
    }

    private void ask(Request request) {
        if (request.asked().record().getType() != Type.A) {
            // Agents have no IPv6; what else a name has would leave the node for nothing, or tell keys that hide names.
            finish(request, NameVerdict.NO_DATA, Rcode.NOERROR, null);
        } else if (!mayLeave(request)) {
            finish(request, NameVerdict.TUNNEL, Rcode.REFUSED, LIKE_DATA);
        } else if (!request.agent().begin()) {
            finish(request, NameVerdict.TOO_MANY, Rcode.SERVFAIL, TOO_OFTEN);
        } else {
            resolver.resolve(request.agent().address(), request.name()).whenComplete((resolution, failure) -> {
                if (failure != null) {
                    end(request, NameVerdict.UPSTREAM_FAILED, Rcode.SERVFAIL, null);
                } else {
                    resolved(request, resolution);
                }
            });
        }
    }

    private boolean mayLeave(Request request) {
        if (!request.rule().wildcard()) {
            return true;
        }
        WildcardPart part = WildcardPart.of(request.name(), request.rule());
        return !request.agent().looksLikeTunnel(part)
                && (resolver.knows(request.name()) || request.agent().maySend(part, request.began()));
    }

    private void resolved(Request request, Resolution resolution) {
        switch (resolution) {
            case Resolution.Found found -> open(request, found);
            case Resolution.NoData _ -> end(request, NameVerdict.NO_DATA, Rcode.NOERROR, null);
            case Resolution.NoSuchName _ -> end(request, NameVerdict.NO_SUCH_NAME, Rcode.NXDOMAIN, null);
            case Resolution.Failed failed -> {
                LOG.log(Level.DEBUG, "{0} could not be resolved: {1}", request.name(), failed.reason());
                end(request, NameVerdict.UPSTREAM_FAILED, Rcode.SERVFAIL, null);
            }
        }
    }

    private void open(Request request, Resolution.Found found) {
        List<String> possible = found.addresses().stream()
                .filter(address -> Invariants.denying(address).isEmpty())
                .toList();
        if (possible.isEmpty()) {
            end(request, NameVerdict.REFUSED_ADDRESSES, Rcode.REFUSED, CLOSED);
            return;
        }
        openings.open(request.agent().address(), request.name(), possible, found.seconds() + GRACE)
                .whenComplete((opened, failure) -> {
                    if (failure != null) {
                        LOG.log(
                                Level.DEBUG,
                                () -> "%s is not opened for %s"
                                        .formatted(
                                                request.name(), request.agent().address()),
                                failure);
                        end(request, NameVerdict.NOT_OPENED, Rcode.SERVFAIL, null);
                    } else {
                        opened(request, opened.among(possible), found.seconds());
                    }
                });
    }

    private void opened(Request request, Opened opened, int seconds) {
        List<String> addresses = opened.addresses();
        if (addresses.isEmpty()) {
            end(request, NameVerdict.REFUSED_ADDRESSES, Rcode.REFUSED, CLOSED);
            return;
        }
        request.agent().end();
        record(request, NameVerdict.RESOLVED, addresses);
        request.answer().answered(Reply.with(request.asked(), addresses, seconds, request.stream()), opened);
    }

    private void end(Request request, NameVerdict verdict, int code, @Nullable String why) {
        request.agent().end();
        finish(request, verdict, code, why);
    }

    private void finish(Request request, NameVerdict verdict, int code, @Nullable String why) {
        record(request, verdict, List.of());
        request.answer().answered(Reply.without(request.asked(), code, why, request.stream()), Opened.NOTHING);
    }

    private void record(Request request, NameVerdict verdict, List<String> addresses) {
        record(
                request.agent().address(),
                request.asked().text(),
                request.asked().type(),
                verdict,
                request.rule().toString(),
                addresses,
                request.began());
    }

    private void record(
            String agent,
            String name,
            String type,
            NameVerdict verdict,
            @Nullable String rule,
            List<String> addresses,
            long began) {
        long micros = (nanoTime.getAsLong() - began) / 1000;
        decisions.add(new NameDecision(clock.millis(), agent, name, type, verdict, rule, addresses, micros));
    }
}
