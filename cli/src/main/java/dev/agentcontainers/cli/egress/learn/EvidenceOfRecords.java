package dev.agentcontainers.cli.egress.learn;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.cli.egress.RecordedFlows;
import dev.agentcontainers.cli.egress.RecordedFlows.Reading;
import dev.agentcontainers.cli.egress.Situation;
import dev.agentcontainers.cli.record.AgentName;
import dev.agentcontainers.cli.record.Recorded;
import dev.agentcontainers.cli.record.RecordedFlow;
import dev.agentcontainers.cli.record.RecordedLook;
import dev.agentcontainers.cli.record.RecordedQuestion;
import dev.agentcontainers.cli.record.Tally;
import dev.agentcontainers.policy.CompiledFlows;
import dev.agentcontainers.policy.Decision;
import dev.agentcontainers.policy.Flow;
import dev.agentcontainers.policy.Invariants;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.rule.DomainName;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads evidence out of the records of one agent. Used by one thread, once. */
final class EvidenceOfRecords {
    /** What a denied question for a name is taken to have been for: it says nothing of ports. */
    private static final UsedPort HTTPS = new UsedPort(Protocol.TCP, 443);

    /** As the API has domains of rules: more strict than names that can be asked for. */
    private static final Pattern OF_RULES =
            Pattern.compile("([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?[.])+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");

    private final Situation situation;
    private final AgentName agent;
    private final boolean withDenied;
    private final Evidence evidence = new Evidence();
    /** Where connections were looked at, each as TCP. */
    private final Set<Place> looked = new HashSet<>();
    /** Where requests were judged, each as TCP. */
    private final Set<Place> requested = new HashSet<>();
    /** Where connections passed within budgets. */
    private final Set<Place> budgeted = new HashSet<>();
    /** The ports of each address that was reached. */
    private final Map<String, Set<UsedPort>> reached = new HashMap<>();

    private record Place(String address, int port) {}

    /** @param withDenied whether what was denied counts as needed too */
    EvidenceOfRecords(Situation situation, AgentName agent, boolean withDenied) {
        this.situation = situation;
        this.agent = agent;
        this.withDenied = withDenied;
    }

    Evidence of(Recorded recorded) {
        recorded.looks().keySet().stream()
                .filter(look -> look.agent().equals(agent))
                .forEach(look -> looked.add(new Place(look.address(), look.port())));
        recorded.flows().keySet().stream()
                .filter(flow -> recorded.isByRequests(flow.address(), flow.port()))
                .forEach(flow -> requested.add(new Place(flow.address(), flow.port())));
        recorded.flows().forEach(this::takeFlow);
        recorded.looks().forEach(this::takeLook);
        recorded.questions().forEach((question, tally) -> takeQuestion(question, tally, recorded));
        return evidence;
    }

    private void takeFlow(RecordedFlow flow, Tally tally) {
        String what = printable("%s:%d/%s"
                .formatted(
                        flow.hostname().orElse(flow.address()),
                        flow.port(),
                        RecordedFlows.protocol(flow.protocol()).map(Enum::name).orElse("protocol " + flow.protocol())));
        if (!flow.source().equals(Optional.of(agent))) {
            evidence.leaveOut("reached the agent, of which an EgressPolicy says nothing", what);
        } else if (tally.decided() == 0) {
            evidence.leaveOut("stopped by what no policy opens", what);
        } else if (tally.allowed() == 0 && !withDenied) {
            evidence.leaveOut("denied (--include-denied takes them as needed too)", what);
        } else {
            switch (RecordedFlows.in(situation, flow)) {
                case Reading.NotJudgeable(String why) -> evidence.leaveOut("flows that " + why, what);
                case Reading.Judgeable(Flow judgeable) -> takeFlow(judgeable, flow, tally, what);
            }
        }
    }

    private void takeFlow(Flow flow, RecordedFlow recorded, Tally tally, String what) {
        Party destination = situation.endpoints().identified(flow.destination());
        UsedPort port = new UsedPort(flow.protocol(), flow.port());
        Place place = new Place(recorded.address(), flow.port());
        if (isByRequests(flow, place)) {
            evidence.leaveOut("only some requests of HTTP pass there: a rule with http is written by hand", what);
            return;
        }
        if (isWithinBudget(flow)) {
            budgeted.add(place);
            evidence.leaveOut("only within a budget does it pass there: a rule with a budget is written by hand", what);
            return;
        }
        boolean isLooked = flow.protocol() == Protocol.TCP && (looked.contains(place) || isTlsOnly(flow));
        Use use = Use.of(tally, withDenied, isLooked);
        Cidr address = destination.address();
        if (destination.endpoint() instanceof Endpoint.Workload workload) {
            evidence.take(recorded);
            evidence.add(Target.Workloads.of(workload), port, use);
        } else if (destination.endpoint() instanceof Endpoint.Node node) {
            evidence.leaveOut("only a ClusterNetworkPolicy of tier Admin opens nodes", what + " (" + node + ")");
        } else if (address == null || Invariants.denying(address.address()).isPresent()) {
            evidence.leaveOut("stopped by what no policy opens", what);
        } else {
            evidence.take(recorded);
            reached.computeIfAbsent(address.address(), _ -> new HashSet<>()).add(port);
            String name = destination.domain();
            if (name != null && isOfRules(name) && CompiledFlows.isOpenToNames(address)) {
                evidence.add(new Target.Domain(name), port, use);
            } else {
                evidence.add(new Target.Address(address), port, use);
            }
        }
    }

    /** That requests were judged there may be missing in the record, which a rule of now says just as well. */
    private boolean isByRequests(Flow flow, Place place) {
        return flow.protocol() == Protocol.TCP
                && (requested.contains(place)
                        || (situation.egress(flow) instanceof Decision.Allowed allowed && allowed.isByRequests()));
    }

    private boolean isWithinBudget(Flow flow) {
        return situation.egress(flow) instanceof Decision.Allowed allowed
                && !allowed.budgets().isEmpty();
    }

    private boolean isTlsOnly(Flow flow) {
        return situation.egress(flow) instanceof Decision.Allowed allowed
                && allowed.onlyTlsFor().isPresent();
    }

    private void takeLook(RecordedLook look, Tally tally) {
        Optional<String> name = look.serverName().flatMap(DomainName::asked).filter(EvidenceOfRecords::isOfRules);
        if (!look.agent().equals(agent) || name.isEmpty() || look.port() < 1) {
            return;
        }
        if (look.hasPassed() && budgeted.contains(new Place(look.address(), look.port()))) {
            // Its flow was left out.
            return;
        }
        // A name that stood in a connection which did not pass is one that was needed there.
        if (look.hasPassed() || (withDenied && look.verdict().equals("other-name"))) {
            evidence.add(
                    new Target.Domain(name.get()),
                    new UsedPort(Protocol.TCP, look.port()),
                    Use.byServerName(tally, withDenied));
        }
    }

    private void takeQuestion(RecordedQuestion question, Tally tally, Recorded recorded) {
        if (!question.agent().equals(agent)) {
            return;
        }
        Optional<String> name = DomainName.asked(question.name()).filter(EvidenceOfRecords::isOfRules);
        if (question.isResolved() && name.isPresent()) {
            takeAnswers(name.get(), recorded.answers(question));
        } else if (question.isDenied() && withDenied && name.isPresent()) {
            Target.Domain domain = new Target.Domain(name.get());
            if (!evidence.knows(domain)) {
                evidence.add(domain, HTTPS, Use.assumed(tally));
            }
        } else if (question.isResolved() || question.isDenied()) {
            evidence.leaveOut(
                    name.isEmpty()
                            ? "names that no rule of an EgressPolicy can mean"
                            : "names that were denied (--include-denied takes them as needed too)",
                    printable(question.name()));
        } else if (question.verdict().equals("tunnel")) {
            evidence.leaveOut("names that look like they carry data out", printable(question.name()));
        }
    }

    /** The flow's record has the name by which the address was got last; the others led there as well. */
    private void takeAnswers(String name, Set<String> answers) {
        boolean used = false;
        for (String address : answers) {
            for (UsedPort port : reached.getOrDefault(address, Set.of())) {
                used = true;
                evidence.add(
                        new Target.Domain(name),
                        port,
                        Use.byAddress(
                                port.protocol() == Protocol.TCP && looked.contains(new Place(address, port.number()))));
            }
        }
        if (!used && !evidence.knows(new Target.Domain(name))) {
            evidence.leaveOut("names that were asked for and not connected to", name);
        }
    }

    private static boolean isOfRules(String name) {
        return OF_RULES.matcher(name).matches();
    }

    /** Names come from agents, and records from anywhere. */
    private static String printable(String name) {
        String shown = name.length() > 100 ? name.substring(0, 100) + "…" : name;
        return shown.replaceAll("[^\\x20-\\x7e…]", "?");
    }
}
