package dev.agentcontainers.cli.egress.learn;

import dev.agentcontainers.cli.egress.KnownObjects;
import dev.agentcontainers.cli.egress.ObjectOptions;
import dev.agentcontainers.cli.egress.ObjectSource;
import dev.agentcontainers.cli.egress.Situation;
import dev.agentcontainers.cli.record.AgentName;
import dev.agentcontainers.cli.record.RecordOptions;
import dev.agentcontainers.cli.record.Recorded;
import dev.agentcontainers.cli.terminal.UserException;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code agentctl egress learn}. */
@Command(
        name = "learn",
        description = {
            "Prints an EgressPolicy that allows what an agent was seen to do and no more,",
            "and tries it against the same record. Nothing is applied.",
            "",
            "learn researcher > policy.yaml              by the record of this machine's",
            "                                            node agents",
            "learn researcher --since 24h                by a day of it",
            "learn researcher --include-denied           what was denied is needed too",
            "learn researcher -f manifests/ --records -  without a cluster, from a stream",
            "",
            "Names are exact, destinations with the same ports stand together, agents and",
            "Pods are named by labels, and addresses stand only where no name is known.",
            "Comments with RISK say what to look at before you apply it.",
            "",
            "There is no mode that lets agents do everything and records it: a denied flow",
            "says as well as an allowed one what an agent wants. Let it run, look at what",
            "--include-denied adds, allow what is right, and repeat until nothing comes.",
            ""
        },
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0:a policy is printed, and nothing that was recorded would be denied by it",
            "1:part of it would be denied, nothing was recorded, or there is no answer",
            "2:the question is wrong: options, manifests or records",
            "3:as 0, as far as these credentials may see"
        })
public final class LearnCommand implements Callable<Integer> {
    private static final Pattern POLICY_NAME = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");
    private static final int DENIED = 1;
    private static final int NOT_ALL_SEEN = 3;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Mixin
    private ObjectOptions objects = new ObjectOptions();

    @Mixin
    private RecordOptions records = new RecordOptions();

    @Option(
            names = "--include-denied",
            description =
                    "Take what policies denied as needed too: a denied flow is as good an evidence of need as an allowed one. Each stands with RISK. Of a denied name the port is not known, and 443 is assumed.")
    private boolean includeDenied;

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "Name of the policy. Default: the agent's with -learned behind it.")
    private @Nullable String policyName;

    @Parameters(paramLabel = "NAME", description = "The AgentContainer.")
    private String name = "";

    @Override
    public Integer call() {
        if (records.takesStandardInput() && objects.takesStandardInput()) {
            throw new UserException("egress learn: - stands for standard input, and there is only one", 2);
        }
        if (policyName != null && !POLICY_NAME.matcher(policyName).matches()) {
            throw new UserException(
                    "--name %s: must be at most 63 lower-case letters, digits and '-', beginning and ending with a letter or digit, as sites"
                            .formatted(policyName),
                    2);
        }
        if (records.places().isEmpty()) {
            throw new UserException(
                    "egress learn: no node agent keeps a record on this machine that may be read; name a copy of one by --records FILE, or - for standard input",
                    2);
        }
        ObjectSource.Found found = objects.read();
        KnownObjects known = found.objects();
        known.agent(found.namespace(), name);
        AgentName agent = new AgentName(found.namespace(), name);
        Instant now = Instant.now();
        Recorded recorded = records.read(Optional.of(agent), now, System.in);
        Learned learned = Learned.of(
                known,
                new Situation(known),
                agent,
                policyName == null ? PolicyText.nameFor(name) : policyName,
                recorded,
                includeDenied);
        if (learned.rules().isEmpty()) {
            throw new UserException(learned.nothing());
        }
        spec.commandLine().getOut().print(learned.text());
        spec.commandLine().getOut().flush();
        spec.commandLine().getErr().println(learned.summary());
        if (!learned.replay().isClean()) {
            return DENIED;
        }
        return known.unknown().isEmpty() ? 0 : NOT_ALL_SEEN;
    }
}
