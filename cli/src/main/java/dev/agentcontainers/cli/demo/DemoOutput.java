package dev.agentcontainers.cli.demo;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus.Transitions;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.cli.demo.DemoReport.Call;
import dev.agentcontainers.policy.Evaluator;
import dev.agentcontainers.policy.Flow;
import dev.agentcontainers.policy.PolicySubject;
import dev.agentcontainers.policy.Verdict;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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

    /**
     * Prints the report.
     *
     * @param agent the finished agent
     * @param log what it wrote
     * @param policies the NetworkPolicies of its namespace
     * @return what did not happen as it should; empty where all of it did
     */
    List<String> print(AgentContainer agent, DemoReport log, List<NetworkPolicy> policies) {
        AgentContainerStatus status = agent.getStatus();
        out.println();
        out.println("AgentContainer " + agent.getMetadata().getNamespace() + "/"
                + agent.getMetadata().getName() + ": " + status.phase() + ", exit code " + status.exitCode());
        expect(status.phase() == AgentPhase.Succeeded, "the agent ended as " + status.phase());
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
        call("allowed call", log.call("knowledge"), true, agent, policies);
        call("denied call", log.call("collector"), false, agent, policies);
        out.println();
        out.println("Look further (export KUBECONFIG=" + kubeconfig + "):");
        out.println("  kubectl get ac -A -o wide");
        out.println("  kubectl describe ac -n quickstart researcher");
        out.println("  agentctl logs -n quickstart researcher");
        out.println("  agentctl status");
        out.println("  agentctl down                          removes all of it");
        return List.copyOf(problems);
    }

    private void stages(@Nullable Transitions times) {
        if (times == null) {
            expect(false, "the status has no transitions");
            return;
        }
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

    private void call(
            String what, Optional<Call> made, boolean allowed, AgentContainer agent, List<NetworkPolicy> policies) {
        if (made.isEmpty()) {
            expect(false, "the agent's log has no " + what);
            return;
        }
        Call call = made.get();
        URI url = URI.create(call.url());
        Verdict verdict = Evaluator.evaluate(
                policies, PolicySubject.of(agent), new Flow(url.getHost(), Protocol.TCP, url.getPort()));
        out.println(what + "   " + call.url() + " (" + call.milliseconds() + " ms)");
        out.println("  the agent saw  " + call.outcome());
        switch (verdict) {
            case Verdict.Allowed(var rule) -> out.println("  verdict        allowed by " + rule);
            case Verdict.Denied denied -> {
                out.println("  verdict        " + denied.message());
                denied.considered().forEach(line -> out.println("                 " + line));
                out.println("  to allow it    " + denied.remedy());
            }
        }
        expect(call.answered() == allowed, "the " + what + " was " + (call.answered() ? "answered" : "not answered"));
        expect(verdict instanceof Verdict.Allowed == allowed, "policy does not agree with the " + what);
    }

    private void expect(boolean holds, String otherwise) {
        if (!holds) {
            problems.add(otherwise);
        }
    }
}
