package dev.agentcontainers.cli.demo;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.cli.demo.DemoOutput.Services;
import dev.agentcontainers.cli.egress.ClusterObjects;
import dev.agentcontainers.cli.egress.KnownObjects;
import dev.agentcontainers.cli.fleet.LocalFleet;
import dev.agentcontainers.cli.prerequisite.Prerequisites;
import dev.agentcontainers.cli.streams.AgentLog;
import dev.agentcontainers.cli.terminal.Progress;
import dev.agentcontainers.localcluster.ControlPlane;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code agentctl demo}. */
@Command(
        name = "demo",
        description = {
            "Shows the main job on this machine, set-up included.",
            "Brings up a fleet, applies examples/quickstart and reports what happened. The",
            "fleet stays up; agentctl down removes every trace of it.",
            ""
        },
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:all of it really happened", "1:something did not; the output says what"})
public final class DemoCommand implements Callable<Integer> {
    private static final Duration GATEWAY_WITHIN = Duration.ofMinutes(1);

    @Override
    public Integer call() {
        Progress progress = new Progress(System.err);
        LocalFleet fleet = LocalFleet.ofThisMachine(progress);
        fleet.up(1, true);
        Prerequisites.ensure(Prerequisites.DEMO, progress);
        Path service = fleet.programs().file("examples/quickstart/service.py");
        progress.step("two services in network namespaces of their own", () -> {
            DemoService.ALL.forEach(each -> each.start(service, fleet.layout().home()));
            return true;
        });
        try (ControlPlane controlPlane = fleet.attach();
                KubernetesClient client = controlPlane.adminClient()) {
            QuickStart quickStart = new QuickStart(client, fleet.programs().file("examples/quickstart"));
            progress.step("applying examples/quickstart", quickStart::apply);
            AgentContainer finished = progress.step("waiting for the agent", quickStart::awaitFinished);
            KnownObjects known = new ClusterObjects(client, QuickStart.NAMESPACE).read();
            AgentLog log = new AgentLog(
                    controlPlane.adminConfig(), LocalFleet.OPERATOR_NAMESPACE, QuickStart.NAMESPACE, QuickStart.NAME);
            String output = progress.step("reading its log through the gateway", () -> log.read(GATEWAY_WITHIN));
            List<String> problems = new DemoOutput(System.out, fleet.layout().kubeconfig())
                    .print(finished, DemoReport.of(output), known.policies(), known.endpoints(), heard(fleet));
            problems.forEach(problem -> System.err.println("agentctl: " + problem));
            return problems.isEmpty() ? 0 : 1;
        }
    }

    private static Services heard(LocalFleet fleet) {
        Path home = fleet.layout().home();
        return new Services(
                DemoService.KNOWLEDGE.requests(home),
                DemoService.COLLECTOR.requests(home),
                DemoService.COLLECTOR.listens());
    }
}
