package dev.agentcontainers.cli.demo;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus.Transitions;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.cli.demo.DemoReport.Call;
import dev.agentcontainers.policy.Decision;
import dev.agentcontainers.policy.Evaluator;
import dev.agentcontainers.policy.Flow;
import dev.agentcontainers.policy.Policies;
import dev.agentcontainers.policy.Verdict;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Prints what the demo saw, and finds what should have been otherwise. */
final class DemoOutput {
    private final PrintStream out;
    private final Path kubeconfig;
    private final List<String> problems = new ArrayList<>();

    DemoOutput(PrintStream out, Path kubeconfig) {
        this.out = out;
        this.kubeconfig = kubeconfig;
    }

    /** How many requests each service has heard, and whether the denied one listens at all. */
    record Services(long heardByAllowed, long heardByDenied, boolean deniedListens) {}

    /**
     * Prints the report.
     *
     * @param agent the finished agent
     * @param log what it wrote
     * @param policies of the cluster
     * @param endpoints that they may speak of
     * @param services what the two services say
     * @return what did not happen as it should; empty where all of it did
     */
    List<String> print(
            AgentContainer agent, DemoReport log, Policies policies, Endpoints endpoints, Services services) {
        AgentContainerStatus status = agent.getStatus();
        out.println();
        out.println("AgentContainer " + agent.getMetadata().getNamespace() + "/"
                + agent.getMetadata().getName() + ": " + status.phase() + ", exit code " + status.exitCode());
        expect(status.phase() == AgentPhase.Succeeded, "the agent ended as " + status.phase());
        expect(status.nodeName() != null, "the status names no node");
        expect(status.isolation() != null, "the status does not say how the agent was isolated");
        expect(status.policy() != null, "the status names no policy that was enforced");
        expect(log.finished(), "the agent's log does not end with its event 'finished'");
        out.println("  scheduled to   " + status.nodeName());
        if (status.isolation() != null) {
            out.println("  isolated as    " + status.isolation().effective() + " (asked for "
                    + status.isolation().requested() + ", level "
                    + status.isolation().strength()
                    + " established on the node)");
        }
        if (status.policy() != null) {
            out.println("  policy         ruleset " + status.policy().hash() + " from "
                    + status.policy().sources());
        }
        stages(status.transitions());
        out.println();
        List<Call> allowed = log.calls("knowledge");
        List<Call> denied = log.calls("collector");
        Judge judge = flow -> Evaluator.evaluate(policies, endpoints, flow);
        calls("allowed call", allowed, true, agent, judge);
        expect(
                services.heardByAllowed() == allowed.size(),
                "the allowed service heard " + services.heardByAllowed() + " of " + allowed.size() + " calls");
        calls("denied call", denied, false, agent, judge);
        out.println("  the service    heard " + services.heardByDenied() + " of " + denied.size() + " calls; it "
                + (services.deniedListens() ? "answers" : "does not answer") + " this machine");
        expect(services.heardByDenied() == 0, "the denied service heard " + services.heardByDenied() + " calls");
        expect(services.deniedListens(), "the denied service does not listen, so its silence shows nothing");
        out.println();
        out.println("Look further (export KUBECONFIG=" + kubeconfig + "):");
        out.println("  kubectl get ac -A -o wide");
        out.println("  kubectl describe ac -n quickstart researcher");
        out.println("  agentctl logs -n quickstart researcher");
        out.println("  agentctl status");
        out.println("  agentctl down                          removes all of it");
        return List.copyOf(problems);
    }

    private interface Judge {
        Verdict verdict(Flow flow);
    }

    private void stages(@Nullable Transitions times) {
        if (times == null) {
            expect(false, "the status has no transitions");
            return;
        }
        expect(
                Stream.of(
                                times.accepted(),
                                times.scheduled(),
                                times.prepared(),
                                times.fenced(),
                                times.started(),
                                times.finished())
                        .noneMatch(Objects::isNull),
                "the status lacks the time of a stage");
        out.println("  stages         accepted → scheduled " + between(times.accepted(), times.scheduled())
                + ", → prepared " + between(times.scheduled(), times.prepared()) + ", → fenced "
                + between(times.prepared(), times.fenced()) + ", → first instruction "
                + between(times.fenced(), times.started()) + ", → finished "
                + between(times.started(), times.finished()));
    }

    private static String between(@Nullable String from, @Nullable String to) {
        if (from == null || to == null) {
            return "?";
        }
        return Duration.between(Instant.parse(from), Instant.parse(to)).toMillis() + " ms";
    }

    /** All calls to one service: the first is shown, all must have gone as they should. */
    private void calls(String what, List<Call> made, boolean allowed, AgentContainer agent, Judge judge) {
        if (made.isEmpty()) {
            expect(false, "the agent's log has no " + what);
            return;
        }
        Call call = made.getFirst();
        URI url = URI.create(call.url());
        Flow flow = Flow.of(Endpoint.Agent.of(agent), url.getHost(), Protocol.TCP, url.getPort());
        Verdict verdict = judge.verdict(flow);
        out.println(what + "   " + call.url() + " (" + call.milliseconds() + " ms)");
        out.println("  the agent saw  " + call.outcome());
        switch (verdict.egress()) {
            case Decision.Allowed by -> out.println("  verdict        allowed by " + by.rule());
            case Decision.Ungoverned(var why) -> out.println("  verdict        " + why);
            case Decision.Denied denied -> {
                out.println("  verdict        " + denied.message());
                denied.considered().forEach(line -> out.println("                 " + line));
                out.println("                 " + denied.remedy());
            }
        }
        made.forEach(each -> expect(
                each.answered() == allowed,
                "a call that is to be " + (allowed ? "allowed was not answered: " : "denied was answered: ")
                        + each.outcome()));
        expect(verdict.isAllowed() == allowed, "policy does not agree with the " + what);
    }

    private void expect(boolean holds, String otherwise) {
        if (!holds) {
            problems.add(otherwise);
        }
    }
}
