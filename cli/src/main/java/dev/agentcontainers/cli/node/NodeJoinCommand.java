package dev.agentcontainers.cli.node;

import dev.agentcontainers.cli.fleet.Programs;
import dev.agentcontainers.cli.fleet.StartCaches;
import dev.agentcontainers.cli.prerequisite.Prerequisites;
import dev.agentcontainers.cli.terminal.Progress;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.enrolment.Enrolment;
import dev.agentcontainers.nodeagent.enrolment.Enrolment.Invitation;
import dev.agentcontainers.nodeagent.enrolment.IdentityFiles;
import dev.agentcontainers.nodeagent.enrolment.NodeIdentity;
import dev.agentcontainers.protocol.RefusedException;
import dev.agentcontainers.protocol.client.GatewayTrust;
import dev.agentcontainers.startcache.Program.Role;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code agentctl node join}. */
@Command(
        name = "join",
        description = {
            "Joins this machine to a fleet and runs the node agent as a service.",
            "agentctl node token prints the whole command. May be repeated: the identity",
            "and the agents stay, the program is renewed.",
            ""
        },
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0:this machine has joined; the service runs, or --no-service printed the command",
            "1:it has not, and the message says why",
            "2:the options are wrong",
            "with --foreground:that of the node agent"
        })
final class NodeJoinCommand implements Callable<Integer> {
    private static final Pattern NAME = Pattern.compile("[a-z0-9]([-a-z0-9.]*[a-z0-9])?");
    /** Two nodes of one name on one machine would share a fence and control groups. */
    private static final Pattern RESERVED = Pattern.compile("(local[0-9]*|standalone)-[0-9]+");

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Option(names = "--gateway", paramLabel = "URL", description = "Where the fleet's gateway is, https.")
    private @Nullable URI gateway;

    @ArgGroup
    private Trust trust = new Trust();

    @ArgGroup
    private Token token = new Token();

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "The AgentNode that this machine becomes. Default: its host name.")
    private @Nullable String name;

    @Option(
            names = "--label",
            paramLabel = "KEY=VALUE",
            description = "Label for the AgentNode; may be given several times.")
    private Map<String, String> labels = Map.of();

    @Option(
            names = "--state-directory",
            paramLabel = "FOLDER",
            defaultValue = NodeInstallation.DEFAULT_STATE,
            description = "For what survives a reboot. Default: ${DEFAULT-VALUE}.")
    private Path stateDirectory = Path.of(NodeInstallation.DEFAULT_STATE);

    @Option(
            names = "--run-directory",
            paramLabel = "FOLDER",
            description = "For what vanishes with a reboot. Default: as it was, at first "
                    + NodeInstallation.DEFAULT_RUN + ".")
    private @Nullable Path runDirectory;

    @Option(
            names = "--first-user-id",
            paramLabel = "ID",
            description = "First of the 655,360,000 user ids that agents are mapped to. Default: as it was, at first "
                    + NodeInstallation.DEFAULT_FIRST_USER_ID + ".")
    private @Nullable Long firstUserId;

    @Mixin
    private UsersSocketOptions usersSocket = new UsersSocketOptions();

    @ArgGroup
    private Run run = new Run();

    /** How the gateway is known to be the right one. */
    static final class Trust {
        @Option(
                names = "--ca-hash",
                paramLabel = "HASH",
                description = "Hash of the key of the gateway's authority: sha256:…, as agentctl node token prints it.")
        private @Nullable String hash;

        @Option(names = "--ca-file", paramLabel = "FILE", description = "File with the gateway's authority (PEM).")
        private @Nullable Path file;
    }

    /** What lets this machine in. */
    static final class Token {
        @Option(names = "--token", paramLabel = "TOKEN", description = "The bootstrap token.")
        private @Nullable String value;

        @Option(
                names = "--token-file",
                paramLabel = "FILE",
                description = "File with it, so that it does not stand in the list of processes.")
        private @Nullable Path file;
    }

    /** How the node agent runs where not as a service. */
    static final class Run {
        @Option(
                names = "--no-service",
                description =
                        "Only join, and print the command that runs the node agent, for a supervisor of your own.")
        private boolean noService;

        @Option(names = "--foreground", description = "Join, and run the node agent until this command is ended.")
        private boolean foreground;
    }

    @Override
    public Integer call() throws InterruptedException {
        requireRoot();
        NodeInstallation installation = installation();
        boolean service = !run.noService && !run.foreground;
        if (service && !NodeService.isPossible()) {
            throw new UserException("systemd does not run this machine (process 1 is " + firstProcess()
                    + "), so there is nothing to install a service in. Nothing was done. Add --no-service to join and get the"
                    + " command for a supervisor of your own, or --foreground to run the node agent here and now");
        }
        installation.usersSocket().ifPresent(UsersSocket::requireGroup);
        Programs programs = Programs.ofThisInstallation();
        Progress progress = new Progress(System.err);
        Prerequisites.ensure(Prerequisites.LINUX_NODE, progress);
        NodeIdentity identity = progress.step("joining as " + installation.name(), () -> join(installation));
        installation.save();
        progress.note("this machine is AgentNode " + installation.name() + ", its namespace is "
                + identity.grant().namespace());
        installation
                .usersSocket()
                .ifPresent(socket -> progress.note("the group " + socket.group() + " may run agents by " + socket.path()
                        + ", with " + socket.sharePercent() + " % of the machine"));
        if (service) {
            NodeService unit = NodeService.ofThisMachine();
            Programs copy = progress.step("program in " + unit.programs(), () -> unit.copyProgram(programs));
            new StartCaches(copy, List.of(Role.NODE_AGENT), System.getenv()).ensure(progress);
            progress.step("service " + NodeUnit.NAME, () -> {
                unit.install(installation, copy);
                return true;
            });
            progress.note("its log: journalctl -u " + NodeUnit.NAME);
            return 0;
        }
        return run.foreground ? new Foreground(installation.command(programs)).run() : print(installation, programs);
    }

    private int print(NodeInstallation installation, Programs programs) {
        spec.commandLine()
                .getErr()
                .println(
                        "Run this as root under your supervisor. It is to be started again where it ends with another exit"
                                + " code than 0, 2 (set up wrongly) or 143 (asked to end); ended by SIGTERM to this process alone,"
                                + " because agents outlive it:");
        spec.commandLine()
                .getOut()
                .println(installation.command(programs).stream()
                        .map(NodeJoinCommand::shellWord)
                        .collect(Collectors.joining(" ")));
        return 0;
    }

    private static String shellWord(String word) {
        return word.matches("[A-Za-z0-9_@%+=:,./-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }

    private NodeInstallation installation() {
        Optional<NodeInstallation> before = NodeInstallation.load(stateDirectory);
        String chosen = name != null ? name : before.map(NodeInstallation::name).orElseGet(NodeNames::hostName);
        if (chosen.length() > 253 || !NAME.matcher(chosen).matches()) {
            throw new UserException(
                    "--name is '" + chosen + "': it must be lower-case letters, digits, hyphens and dots, at most 253,"
                            + " as in worker-1.example.org",
                    2);
        }
        if (RESERVED.matcher(chosen).matches()) {
            throw new UserException(
                    "--name is '" + chosen + "': names like local-1 and standalone-1 are those of local fleets and"
                            + " standalone runs, choose another",
                    2);
        }
        before.filter(earlier -> !earlier.name().equals(chosen)).ifPresent(earlier -> {
            throw new UserException("this machine has joined as " + earlier.name() + ": to join as " + chosen
                    + ", remove that first with agentctl node reset");
        });
        return new NodeInstallation(
                chosen,
                stateDirectory,
                runDirectory != null
                        ? runDirectory
                        : before.map(NodeInstallation::runDirectory).orElse(Path.of(NodeInstallation.DEFAULT_RUN)),
                firstUserId != null
                        ? firstUserId
                        : before.map(NodeInstallation::firstUserId)
                                .orElse(Long.parseLong(NodeInstallation.DEFAULT_FIRST_USER_ID)),
                usersSocket.apply(before.flatMap(NodeInstallation::usersSocket)));
    }

    /** A machine that has joined needs no token again, unless it is given one. */
    private NodeIdentity join(NodeInstallation installation) throws InterruptedException {
        try {
            IdentityFiles files = new IdentityFiles(installation.identity());
            Optional<NodeIdentity> kept = files.load();
            if (kept.isPresent() && token.value == null && token.file == null) {
                return kept.get();
            }
            return new Enrolment(files).join(new Invitation(gateway(), trust(), token(), installation.name(), labels));
        } catch (RefusedException e) {
            throw new UserException("the gateway refuses it: " + e.getMessage());
        } catch (IOException e) {
            throw new UserException("this machine could not join at " + gateway + ": "
                    + Optional.ofNullable(e.getMessage()).orElse(e.toString()));
        }
    }

    private URI gateway() {
        if (gateway == null || !"https".equals(gateway.getScheme()) || gateway.getHost() == null) {
            throw new UserException(
                    "--gateway is " + (gateway == null ? "missing" : "'" + gateway + "'")
                            + ": give the gateway's https URL, as agentctl node token prints it",
                    2);
        }
        return gateway;
    }

    private GatewayTrust trust() throws IOException {
        if (trust.file != null) {
            return GatewayTrust.Authority.ofPem(read("--ca-file", trust.file));
        }
        if (trust.hash == null) {
            throw new UserException(
                    "--ca-hash or --ca-file is missing: without it this machine can't know the right gateway", 2);
        }
        try {
            return new GatewayTrust.AuthorityHash(trust.hash);
        } catch (IllegalArgumentException e) {
            throw new UserException("--ca-hash: " + e.getMessage(), 2);
        }
    }

    private String token() {
        if (token.file != null) {
            return read("--token-file", token.file).strip();
        }
        if (token.value == null) {
            throw new UserException("--token or --token-file is missing: agentctl node token makes one", 2);
        }
        return token.value;
    }

    private static String read(String option, Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UserException(option + ": " + file + " can't be read", 2);
        }
    }

    private static String firstProcess() {
        try {
            return Files.readString(Path.of("/proc/1/comm")).strip();
        } catch (IOException e) {
            return "unknown";
        }
    }

    private static void requireRoot() {
        if (!"root".equals(System.getProperty("user.name"))) {
            throw new UserException("root is needed to run a node agent on this machine: run it with sudo");
        }
    }
}
