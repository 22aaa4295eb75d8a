package dev.agentcontainers.cli.egress;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.policy.Evaluator;
import dev.agentcontainers.policy.Flow;
import dev.agentcontainers.policy.Verdict;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.Party;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code agentctl egress explain}. */
@Command(
        name = "explain",
        description = {
            "Says whether an agent may reach a destination, which rule decides,",
            "and what would allow it.",
            "",
            "explain researcher 10.20.0.7:8080         an address",
            "explain researcher ac/team-b/store:9000   an agent, here of another namespace",
            "explain researcher '[2001:db8::7]:53/UDP'",
            "explain -f policies/ researcher pod/web   by manifests, without a cluster",
            "explain researcher -X POST http://api.example.org/v1/items   one request",
            "explain researcher wss://api.example.org/v1/stream   a WebSocket",
            "",
            "Both ends are judged: the agent's egress and, where the destination is an",
            "agent or a Pod, its ingress. Without :PORT it is 443, without /PROTOCOL TCP.",
            "Of names it is told too what the node's proxy serves, which is at port 3128.",
            ""
        },
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0:the flow is allowed",
            "1:it is denied, or the question could not be answered",
            "2:the question is wrong",
            "3:it is allowed as far as these credentials may see"
        })
public final class ExplainCommand implements Callable<Integer> {
    private static final int DENIED = 1;
    private static final int NOT_ALL_SEEN = 3;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Mixin
    private ObjectOptions objects = new ObjectOptions();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "text",
            description = "text or json. Default: ${DEFAULT-VALUE}.")
    private Format format = Format.TEXT;

    /** How the answer is printed. */
    enum Format {
        TEXT,
        JSON
    }

    @Parameters(index = "0", paramLabel = "NAME", description = "The AgentContainer.")
    private String name = "";

    @Parameters(
            index = "1",
            paramLabel = "DESTINATION",
            description = "HOST[:PORT][/PROTOCOL]; HOST is an address, a domain name, ac/NAME or pod/NAME."
                    + " Or a request of HTTP: http[s]://NAME[:PORT]/PATH; ws[s]:// for a WebSocket.")
    private String destination = "";

    @Option(
            names = {"-X", "--method"},
            paramLabel = "METHOD",
            defaultValue = "GET",
            description = "Method of the request, where DESTINATION is a URL. Default: ${DEFAULT-VALUE}.")
    private String method = "GET";

    @Override
    public Integer call() {
        Destination asked = Destination.parse(destination, method);
        ObjectSource.Found found = objects.read();
        return explain(found.objects(), found.namespace(), asked);
    }

    private int explain(KnownObjects known, String itsNamespace, Destination asked) {
        AgentContainer agent = known.agent(itsNamespace, name);
        Endpoints endpoints = known.endpoints();
        Flow flow = new Flow(
                Party.of(Endpoint.Agent.of(agent)),
                asked.in(endpoints, itsNamespace),
                asked.protocol(),
                asked.port(),
                asked.request());
        Verdict verdict = Evaluator.evaluate(known.policies(), endpoints, flow);
        Optional<String> proxy = ByProxy.explain(known, Endpoint.Agent.of(agent), asked, verdict);
        ExplainedFlow answer = ExplainedFlow.of(agent, flow, verdict, proxy, known.unknown());
        spec.commandLine()
                .getOut()
                .print(
                        switch (format) {
                            case TEXT -> answer.text();
                            case JSON -> answer.json();
                        });
        spec.commandLine().getOut().flush();
        if (!verdict.isAllowed()) {
            return DENIED;
        }
        return known.unknown().isEmpty() ? 0 : NOT_ALL_SEEN;
    }
}
