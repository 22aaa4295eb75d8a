package dev.agentcontainers.cli.run;

import dev.agentcontainers.api.v1alpha1.Filesystem;
import dev.agentcontainers.assignment.manifest.RunObjects;
import dev.agentcontainers.cli.names.DnsUpstream;
import dev.agentcontainers.cli.registry.RegistryFlags;
import dev.agentcontainers.cli.rootless.AgainAsRoot;
import dev.agentcontainers.cli.rootless.Tether;
import dev.agentcontainers.cli.run.TerminalObserver.Verbosity;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.fence.ClosedRanges;
import dev.agentcontainers.nodeagent.standalone.RunEnd;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code agentctl run}. */
@Command(
        name = "run",
        description = {
            "Runs one agent on this machine, isolated and fenced as on a cluster's node,",
            "without any cluster.",
            "",
            "agentctl run -- python3 -c 'print(\"hello\")'",
            "agentctl run --allow 198.51.100.10:443 --mount /workspace -w /workspace \\",
            "    -- ./my-agent",
            "agentctl run --image registry.example.org/team/agent:1.4",
            "agentctl run --image debian:13 --mount /workspace -- bash -c 'id; ls /'",
            "agentctl run -f agent.yaml",
            "agentctl run --allow 10.20.0.0/16:8080 --dry-run -o yaml -- ./my-agent | \\",
            "    kubectl apply -f -",
            "",
            "Nothing can be reached but what --allow, or the rules and policies of the",
            "manifests, allow. Without an image the agent sees the programs of this machine",
            "read-only, with one those of the image; in neither case the machine's files,",
            "the current directory or any home. It has no standard input. Ctrl-C asks it to",
            "stop and kills it after its grace period, a second one kills it at once;",
            "nothing of it is left behind.",
            "",
            "An image is pulled by this machine itself, whatever the agent may reach; for a",
            "registry that wants a password, name a Secret in a manifest",
            "(spec.imagePullSecrets). Images that are here: agentctl image --help.",
            "",
            "Root runs it as a node does. Others run it by the service of this machine, if",
            "that lets them (agentctl serve --help), and otherwise in namespaces of their",
            "own, without limits of cpu, memory and disks.",
            ""
        },
        customSynopsis = {
            "agentctl run [FLAGS] [--] COMMAND [ARGUMENT…]",
            "agentctl run [FLAGS] --image IMAGE [--] [COMMAND [ARGUMENT…]]",
            "agentctl run -f FILE [-f FILE]… [-n NAMESPACE] [-q | -v] [--dry-run -o yaml]"
        },
        sortOptions = false,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0 to 255:that of the agent, 128 plus the signal for a killed one",
            "2:the flags or manifests are wrong, and the message says how",
            "125:the agent could not be run, and the message says why"
        })
public final class RunCommand implements Callable<Integer> {
    static final int NOT_RUN = 125;

    @Option(
            names = {"-f", "--filename"},
            paramLabel = "FILE",
            description =
                    "Manifests: one AgentContainer with the ConfigMaps, Secrets, NetworkPolicies and EgressPolicies that belong to it. '-' is standard input. May be repeated.")
    private List<String> files = List.of();

    @Option(
            names = {"-n", "--namespace"},
            defaultValue = "default",
            paramLabel = "NAMESPACE",
            description = "Namespace of objects that name none. Default: ${DEFAULT-VALUE}.")
    private String namespace = "default";

    @Mixin
    private AgentFlags flags = new AgentFlags();

    @Mixin
    private DnsUpstream dnsUpstream = new DnsUpstream();

    @Option(
            names = "--never-allow",
            paramLabel = "CIDR",
            description = "An address or range that no manifest opens. May be repeated.")
    private List<String> neverAllowed = List.of();

    @Mixin
    private RegistryFlags registries = new RegistryFlags();

    @Option(
            names = "--rootless",
            description = "Run it in namespaces of your own, even where this machine's service would. Not for root.")
    private boolean rootless;

    @Option(names = "--dry-run", description = "Check the manifests and print them instead of running the agent.")
    private boolean dryRun;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "yaml",
            description = "Form of what --dry-run prints: yaml.")
    private String output = "";

    @Option(
            names = {"-q", "--quiet"},
            description = "Say nothing but what the agent says and why it could not be run.")
    private boolean quiet;

    @Option(
            names = {"-v", "--verbose"},
            description = "Say what is being done.")
    private boolean verbose;

    @Parameters(paramLabel = "COMMAND", description = "Program and arguments; what follows the program is the agent's.")
    private List<String> command = List.of();

    @Override
    public Integer call() throws InterruptedException {
        requireSense();
        Way way = dryRun ? new Way.Nowhere() : way();
        requireSense(way);
        if (way instanceof Way.OwnNamespaces) {
            return new AgainAsRoot(System.getenv(), NOT_RUN).await();
        }
        GivenManifests manifests = files.isEmpty()
                ? GivenManifests.ofObjects(namespace, flags.objects(namespace, command, System.getenv()))
                : GivenManifests.ofFiles(namespace, files, System.in);
        RunObjects objects = manifests.objects();
        if (dryRun) {
            manifests.texts().forEach(text -> System.out.print(text.yaml()));
            return 0;
        }
        try (TerminalObserver observer = new TerminalObserver(verbosity())) {
            sayFateOfWorkspaces(objects, observer);
            return await(run(way, manifests, objects, observer), observer);
        }
    }

    private AgentRun run(Way way, GivenManifests manifests, RunObjects objects, TerminalObserver observer) {
        return switch (way) {
            case Way.Root _ -> new LocalRun(objects, closed(), dnsUpstream.settings(), registries.settings(), observer);
            case Way.InsideOwnNamespaces(Tether tether) ->
                new LocalRun(objects, closed(), dnsUpstream.settings(), registries.settings(), observer, tether);
            case Way.Service _ -> ServiceRun.connect(System.getenv(), manifests, observer);
            case Way.OwnNamespaces _, Way.Nowhere _ -> throw new IllegalStateException("not run by this process");
        };
    }

    private List<String> closed() {
        try {
            return ClosedRanges.parse("run: --never-allow", neverAllowed);
        } catch (IllegalArgumentException e) {
            throw new UserException(String.valueOf(e.getMessage()), 2);
        }
    }

    /** Who runs the agent. */
    private sealed interface Way {
        record Root() implements Way {}

        record Service() implements Way {}

        /** This command once more. */
        record OwnNamespaces() implements Way {}

        /** This is that one. */
        record InsideOwnNamespaces(Tether tether) implements Way {}

        record Nowhere() implements Way {}
    }

    private Way way() {
        Optional<Tether> tether;
        try {
            tether = Tether.of(System.getenv());
        } catch (IOException e) {
            throw new UserException("the agent could not be run: " + e.getMessage(), NOT_RUN);
        }
        if (tether.isPresent()) {
            return new Way.InsideOwnNamespaces(tether.get());
        }
        if (isRoot()) {
            return new Way.Root();
        }
        return !rootless && ServiceRun.isMeant(System.getenv()) ? new Way.Service() : new Way.OwnNamespaces();
    }

    private void requireSense(Way way) {
        if (rootless && way instanceof Way.Root) {
            throw new UserException("run: --rootless is for users other than root", 2);
        }
        Optional<String> ofTheMachine = registries
                .firstGiven()
                .or(() -> dnsUpstream.value().map(_ -> "--dns-upstream"))
                .or(() -> neverAllowed.stream().findFirst().map(_ -> "--never-allow"));
        if (way instanceof Way.Service && ofTheMachine.isPresent()) {
            throw new UserException(
                    "run: %s can't go with the service of this machine, which has its own: leave it out, or run the agent by yourself (--rootless) or as root"
                            .formatted(ofTheMachine.get()),
                    2);
        }
        boolean own = way instanceof Way.OwnNamespaces || way instanceof Way.InsideOwnNamespaces;
        Optional<String> unreachable = own ? dnsUpstream.unreachableWithoutRoot() : Optional.empty();
        if (unreachable.isPresent()) {
            throw new UserException(
                    "run: --dns-upstream is %s, but %s can't be asked without root: leave it out to ask this machine's resolvers, or name another"
                            .formatted(dnsUpstream.value().orElseThrow(), unreachable.get()),
                    2);
        }
    }

    private void requireSense() {
        if (files.isEmpty() && command.isEmpty() && !flags.nameAnImage()) {
            throw new UserException(
                    "run: name a command, an image or manifests: agentctl run -- COMMAND, agentctl run --image IMAGE, or"
                            + " agentctl run -f FILE",
                    2);
        }
        Optional<String> given = command.isEmpty() ? flags.firstGiven() : Optional.of("a command");
        if (!files.isEmpty() && given.isPresent()) {
            throw new UserException("run: %s can't go with -f: the manifest says it".formatted(given.get()), 2);
        }
        if (!output.isEmpty() && (!dryRun || !output.equals("yaml"))) {
            throw new UserException("run: -o goes with --dry-run and must be yaml, but is '%s'".formatted(output), 2);
        }
        if (quiet && verbose) {
            throw new UserException("run: --quiet and --verbose exclude each other", 2);
        }
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    private Verbosity verbosity() {
        return quiet ? Verbosity.QUIET : verbose ? Verbosity.VERBOSE : Verbosity.NORMAL;
    }

    private static void sayFateOfWorkspaces(RunObjects objects, TerminalObserver observer) {
        Filesystem filesystem = objects.agent().getSpec().filesystem();
        if (filesystem == null || filesystem.mounts() == null) {
            return;
        }
        filesystem.mounts().stream()
                .filter(mount -> mount.source() != null && mount.source().workspace() != null)
                .findFirst()
                .ifPresent(mount ->
                        observer.warning("the workspace %s is removed when the run ends".formatted(mount.path())));
    }

    private static int await(AgentRun run, TerminalObserver observer) throws InterruptedException {
        Interrupts interrupts = Interrupts.handling(run::stop, run::kill);
        RunEnd end = run.await();
        if (end.deniedPackets() > 0) {
            observer.warning("%d packets of the agent were denied: no rule allows where they went"
                    .formatted(end.deniedPackets()));
        }
        if (end.exitCode().isEmpty() && interrupts.exitCode().isPresent()) {
            return interrupts.exitCode().get();
        }
        end.problem().ifPresent(observer::failure);
        return end.exitCode().orElse(NOT_RUN);
    }
}
