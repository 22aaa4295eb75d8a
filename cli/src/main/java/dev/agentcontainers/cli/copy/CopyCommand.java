package dev.agentcontainers.cli.copy;

import dev.agentcontainers.cli.gateway.GatewayAccess;
import dev.agentcontainers.cli.streams.AgentOptions;
import dev.agentcontainers.cli.streams.GatewayPrograms;
import dev.agentcontainers.cli.terminal.Printable;
import dev.agentcontainers.cli.terminal.StandardStream;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.protocol.client.GatewayHttp;
import io.fabric8.kubernetes.client.Config;
import java.io.File;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code agentctl cp}. */
@Command(
        name = "cp",
        description = {
            "Copies files and folders to and from a running agent.",
            "",
            "agentctl cp data.csv researcher:/workspace/     into a folder",
            "agentctl cp researcher:/workspace/report .      a folder, to here",
            "agentctl cp researcher:/workspace/. results     what is in it, as results",
            "agentctl cp team-a/researcher:out.txt -         as a tar archive",
            "tar -c src | agentctl cp - researcher:/workspace",
            "",
            "One of the two is [NAMESPACE/]AGENT:PATH, the other a path of this machine",
            "(./ before it where it has a colon) or - for a tar archive. PATH begins at the",
            "agent's working directory where it does not begin with a slash.",
            "Where the target is a folder the copy is in it, by its name; else the target is",
            "the copy's new name. A source that ends in /. is what is in the folder.",
            "",
            "Modes and times are kept, owners are not: what is copied is the agent's user's",
            "there, and yours here. Nothing that an agent sends is made or followed outside",
            "of the target; links that lead out of what is copied, devices and pipes are",
            "left out. An archive for - is passed on as the agent wrote it: unpack it where",
            "it may do no harm.",
            "",
            "The agent needs the program tar. It goes through the cluster's gateway as exec",
            "does, and needs the right to create agentcontainers/exec (role admin).",
            ""
        },
        customSynopsis = "agentctl cp [-L] [--no-preserve] [-q] [-n NAMESPACE] SOURCE TARGET",
        sortOptions = false,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0:everything was copied",
            "1:it was not, and the message says why",
            "2:a wrong command line",
            "3:copied but for what the messages name"
        })
public final class CopyCommand implements Callable<Integer> {
    private static final int LEFT_OUT = 3;

    @Mixin
    private AgentOptions agentOptions = new AgentOptions();

    @Option(
            names = {"-L", "--follow-links"},
            description = "Copy what symbolic links of the source lead to. Default: the links.")
    private boolean follow;

    @Option(names = "--no-preserve", description = "Do not keep modes, but for what is a program, nor times.")
    private boolean noPreserve;

    @Option(
            names = {"-q", "--quiet"},
            description = "No progress, which is shown on standard error where that is a terminal.")
    private boolean quiet;

    @Parameters(index = "0", paramLabel = "SOURCE", description = "What to copy.")
    private String source = "";

    @Parameters(index = "1", paramLabel = "TARGET", description = "Where to.")
    private String target = "";

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    /** A copy that is ready but for the agent's programs. */
    private interface Copy {
        void run(AgentTar tar, CopyOptions options, CopyReport report) throws IOException, InterruptedException;
    }

    @Override
    public Integer call() throws InterruptedException {
        return switch (Place.parse(source, File.separatorChar)) {
            case Place.Agent from ->
                switch (Place.parse(target, File.separatorChar)) {
                    case Place.Machine to ->
                        copy(
                                from,
                                (tar, options, report) ->
                                        new Download(tar, options, report).files(from.path(), to.path()));
                    case Place.Stream _ -> toStandardOutput(from);
                    case Place.Agent _ ->
                        throw Place.wrong("both are in agents: copy by 'agentctl cp %s - | agentctl cp - %s'"
                                .formatted(source, target));
                };
            case Place.Machine from -> {
                Place.Agent to = requireAgent();
                yield copy(
                        to, (tar, options, report) -> new Upload(tar, options, report).files(from.path(), to.path()));
            }
            case Place.Stream _ -> {
                Place.Agent to = requireAgent();
                yield copy(
                        to, (tar, options, report) -> new Upload(tar, options, report).archive(System.in, to.path()));
            }
        };
    }

    private Place.Agent requireAgent() {
        if (Place.parse(target, File.separatorChar) instanceof Place.Agent agent) {
            return agent;
        }
        throw Place.wrong("neither is in an agent: give one of them as [NAMESPACE/]AGENT:PATH");
    }

    private int toStandardOutput(Place.Agent from) throws InterruptedException {
        if (StandardStream.OUTPUT.isTerminal()) {
            throw Place.wrong("a tar archive is not for a terminal: give a path, or have standard output go elsewhere");
        }
        return copy(
                from,
                (tar, options, report) -> new Download(tar, options, report)
                        .archive(from.path(), new FileOutputStream(FileDescriptor.out)));
    }

    private int copy(Place.Agent agent, Copy copy) throws InterruptedException {
        Optional<String> asked = agentOptions.asked();
        if (asked.isPresent()
                && agent.namespace().isPresent()
                && !agent.namespace().equals(asked)) {
            throw Place.wrong("--namespace is %s, and %s/%s is in another: say one"
                    .formatted(asked.get(), agent.namespace().get(), agent.name()));
        }
        Config config = agentOptions.config();
        String namespace = agent.namespace().orElseGet(() -> agentOptions.namespace(config));
        try (GatewayHttp gateway = GatewayAccess.open(config, agentOptions.operatorNamespace());
                CopyReport report =
                        new CopyReport(spec.commandLine().getErr(), !quiet && StandardStream.ERROR.isTerminal())) {
            AgentTar tar =
                    new AgentTar(new GatewayPrograms(gateway, namespace, agent.name()), namespace + "/" + agent.name());
            copy.run(tar, new CopyOptions(follow, !noPreserve), report);
            report.finish();
            return report.leftOut() == 0 ? 0 : LEFT_OUT;
        } catch (InvalidPathException e) {
            throw new UserException(
                    "cp: '%s' is no name that this machine can have in its locale: set LC_ALL=C.UTF-8, or give another"
                            .formatted(Printable.text(e.getInput())));
        } catch (IOException e) {
            throw new UserException("cp: the copy broke off: " + Printable.text(String.valueOf(e.getMessage())));
        }
    }
}
