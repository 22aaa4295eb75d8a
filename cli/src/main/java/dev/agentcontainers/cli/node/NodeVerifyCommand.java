package dev.agentcontainers.cli.node;

import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentNodeStatus;
import dev.agentcontainers.cli.cluster.ClusterOptions;
import dev.agentcontainers.cli.rootless.AgainAsRoot;
import dev.agentcontainers.cli.rootless.Tether;
import dev.agentcontainers.cli.terminal.DurationConverter;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.kubernetes.Verifications;
import dev.agentcontainers.nodeagent.linux.LinuxPlatform;
import dev.agentcontainers.nodeagent.platform.Platform;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.standalone.RefusedRunException;
import dev.agentcontainers.nodeagent.standalone.StrengthCheck;
import dev.agentcontainers.nodeagent.standalone.StrengthCheck.Finding;
import dev.agentcontainers.nodeagent.strength.StrengthReport;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code agentctl node verify}. */
@Command(
        name = "verify",
        description = {
            "Measures how strongly a node's drivers isolate agents.",
            "Throwaway agents try to break out in every way the suite knows; each try is",
            "judged by what it did on the host. A node does so by itself when its node agent",
            "starts and when a runtime's version changes; this asks it to do so now, and",
            "prints what it found. Without NODE it is this machine, without a cluster: for",
            "root what runs of root and of this machine's service have, for other users what",
            "those in namespaces of their own have. agentctl run believes it from then on.",
            ""
        },
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0:every driver that can be launched has withstood all",
            "1:one has not, or none can be launched",
            "2:the command line is wrong"
        })
final class NodeVerifyCommand implements Callable<Integer> {
    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final int NOT_DONE = 1;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Mixin
    private ClusterOptions cluster = new ClusterOptions();

    @Parameters(
            arity = "0..1",
            paramLabel = "NODE",
            description = "An AgentNode. Default: this machine, without a cluster.")
    private @Nullable String node;

    @Option(
            names = "--timeout",
            paramLabel = "DURATION",
            defaultValue = "3m",
            converter = DurationConverter.class,
            description = "How long to wait for the node, which looks once a minute. Default: ${DEFAULT-VALUE}.")
    private Duration timeout = Duration.ofMinutes(3);

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (node == null && !isRoot()) {
            return new AgainAsRoot(System.getenv(), NOT_DONE).await();
        }
        List<Certificate> certificates = node == null ? ofThisMachine() : ofNode(node);
        PrintWriter out = spec.commandLine().getOut();
        for (Certificate certificate : certificates) {
            certificate.print(out);
            out.println();
        }
        boolean any = certificates.stream().anyMatch(Certificate::holds);
        boolean broken = certificates.stream().anyMatch(each -> each.verification() != null && !each.holds());
        return any && !broken ? 0 : 1;
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    /** What this process is root of. */
    private static Platform platform() throws IOException {
        if (Tether.of(System.getenv()).isPresent()) {
            return LinuxPlatform.ofAnOrdinaryUser();
        }
        return Platform.current();
    }

    private List<Certificate> ofThisMachine() throws IOException, InterruptedException {
        PrintWriter notes = spec.commandLine().getErr();
        String platform = "%s %s%s"
                .formatted(
                        System.getProperty("os.name"),
                        System.getProperty("os.version"),
                        Tether.holds(System.getenv()) ? ", without root" : "");
        try {
            return new StrengthCheck(platform(), notes::println)
                    .run().stream()
                            .map(finding -> switch (finding) {
                                case Finding.Measured(String driver, StrengthReport report) ->
                                    new Certificate(
                                            NodeNames.hostName(),
                                            platform,
                                            driver,
                                            report.version(),
                                            report.strength(),
                                            "",
                                            Verifications.of(report));
                                case Finding.NotReady(String driver, String reason) ->
                                    new Certificate(
                                            NodeNames.hostName(), platform, driver, "", Optional.empty(), reason, null);
                            })
                            .toList();
        } catch (RefusedRunException | SandboxException e) {
            throw new UserException(String.valueOf(e.getMessage()));
        }
    }

    private List<Certificate> ofNode(String name) throws InterruptedException {
        try (KubernetesClient client =
                new KubernetesClientBuilder().withConfig(cluster.config()).build()) {
            var named = client.resources(AgentNode.class).withName(name);
            if (named.get() == null) {
                throw new UserException("there is no AgentNode " + name + ": kubectl get an shows those there are");
            }
            String request = UUID.randomUUID().toString();
            named.patch(
                    PatchContext.of(PatchType.JSON_MERGE),
                    "{\"metadata\":{\"annotations\":{\"%s\":\"%s\"}}}".formatted(AgentNode.VERIFY, request));
            spec.commandLine().getErr().println("Asked " + name + ", which looks once a minute; waiting");
            long deadline = System.nanoTime() + timeout.toNanos();
            while (System.nanoTime() < deadline) {
                AgentNode found = named.get();
                if (found == null) {
                    throw new UserException("AgentNode " + name + " was deleted meanwhile");
                }
                if (found.getStatus() != null
                        && request.equals(found.getStatus().verified())) {
                    return certificates(name, found.getStatus());
                }
                Thread.sleep(PAUSE);
            }
            throw new UserException(
                    "node %s has not answered within %d s: see whether it is Ready (kubectl get an %s), or wait longer with --timeout"
                            .formatted(name, timeout.toSeconds(), name));
        }
    }

    private static List<Certificate> certificates(String name, AgentNodeStatus status) {
        return status.drivers() == null
                ? List.of()
                : status.drivers().stream()
                        .map(driver -> new Certificate(
                                name,
                                "%s, kernel %s".formatted(status.osImage(), status.kernelVersion()),
                                driver.name(),
                                driver.version() == null ? "" : driver.version(),
                                Boolean.TRUE.equals(driver.ready())
                                        ? Optional.ofNullable(driver.strength())
                                        : Optional.empty(),
                                driver.message() == null ? "" : driver.message(),
                                driver.verification()))
                        .toList();
    }
}
