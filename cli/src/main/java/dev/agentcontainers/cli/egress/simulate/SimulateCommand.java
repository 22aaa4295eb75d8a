package dev.agentcontainers.cli.egress.simulate;

import dev.agentcontainers.cli.cluster.ClusterOptions;
import dev.agentcontainers.cli.egress.KnownObjects;
import dev.agentcontainers.cli.egress.ManifestFiles;
import dev.agentcontainers.cli.egress.ManifestObjects;
import dev.agentcontainers.cli.egress.ObjectSource;
import dev.agentcontainers.cli.egress.Situation;
import dev.agentcontainers.cli.record.RecordOptions;
import dev.agentcontainers.cli.record.Recorded;
import dev.agentcontainers.cli.terminal.UserException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code agentctl egress simulate}. */
@Command(
        name = "simulate",
        description = {
            "Says what a change of policies would do, and applies nothing: which agents'",
            "rulesets change and by what, and which recorded flows and names would be",
            "allowed or denied otherwise, with the rule that decides now and then.",
            "",
            "simulate -f new.yaml                      by the cluster, and by the record",
            "                                          of this machine's node agents",
            "simulate -f policies/ --since 24h         by a day of it",
            "simulate --without egp/team-a/sites       what if that policy were deleted",
            "simulate -f new.yaml --offline manifests/ by manifests, without a cluster",
            "ssh node cat /var/lib/agentcontainers/audit/egress.jsonl |",
            "    agentctl egress simulate -f new.yaml --records -",
            "",
            "Policies, AgentContainers, Namespaces, Pods and Nodes of -f are added to what",
            "there is, or stand in the place of those with their names; other kinds are",
            "passed over. Addresses are judged as whose they are now.",
            ""
        },
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0:nothing changes",
            "1:something changes, or it could not be found out",
            "2:the question is wrong: options, manifests or records",
            "3:nothing changes as far as these credentials may see"
        })
public final class SimulateCommand implements Callable<Integer> {
    private static final int CHANGES = 1;
    private static final int NOT_ALL_SEEN = 3;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Mixin
    private ClusterOptions cluster = new ClusterOptions();

    @Mixin
    private RecordOptions records = new RecordOptions();

    @Option(
            names = {"-f", "--filename"},
            paramLabel = "FILE",
            description = "What would be applied: a file, a folder, or - for standard input.")
    private List<String> files = List.of();

    @Option(
            names = "--without",
            paramLabel = "KIND/[NAMESPACE/]NAME",
            description =
                    "What would be deleted: egresspolicy (egp), networkpolicy (netpol), clusternetworkpolicy (cnp) or agentcontainer (ac).")
    private List<String> without = List.of();

    @Option(
            names = "--offline",
            paramLabel = "FILE",
            description =
                    "What there is now: judge by these manifests and ask no cluster. A file, a folder, or - for standard input.")
    private List<String> offline = List.of();

    @Option(
            names = {"-n", "--namespace"},
            paramLabel = "NAMESPACE",
            description = "Namespace of what names none. Default: the context's; default with --offline.")
    private @Nullable String namespace;

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

    @Override
    public Integer call() {
        requireSense();
        ObjectSource.Found found = new ObjectSource(cluster, offline, namespace).read(true);
        List<ObjectName> deleted = without.stream()
                .map(text -> ObjectName.parse(text, found.namespace()))
                .toList();
        KnownObjects applied = applied(found.namespace());
        KnownObjects changed = ChangedObjects.with(ChangedObjects.without(found.objects(), deleted), applied);
        List<String> notes = new ArrayList<>();
        Optional<Recorded> recorded = recorded(notes);
        Simulation simulation = Simulation.of(
                new Situation(found.objects()),
                new Situation(changed),
                recorded,
                notes,
                found.objects().unknown());
        spec.commandLine()
                .getOut()
                .print(
                        switch (format) {
                            case TEXT -> simulation.text();
                            case JSON -> simulation.json();
                        });
        spec.commandLine().getOut().flush();
        if (simulation.isChange()) {
            return CHANGES;
        }
        return found.objects().unknown().isEmpty() ? 0 : NOT_ALL_SEEN;
    }

    private void requireSense() {
        if (files.isEmpty() && without.isEmpty()) {
            throw new UserException(
                    "egress simulate: say what would change, by -f FILE for what would be applied or --without KIND/[NAMESPACE/]NAME for what would be deleted",
                    2);
        }
        long readers = Stream.concat(files.stream(), offline.stream())
                        .filter("-"::equals)
                        .count()
                + (records.takesStandardInput() ? 1 : 0);
        if (readers > 1) {
            throw new UserException("egress simulate: - stands for standard input, and there is only one", 2);
        }
    }

    private KnownObjects applied(String itsNamespace) {
        ManifestObjects objects = ManifestObjects.checked(itsNamespace);
        List<String> all = ManifestFiles.of(files);
        all.forEach(objects::add);
        KnownObjects applied = objects.objects();
        if (!files.isEmpty() && applied.isEmpty()) {
            throw new UserException(
                    "-f %s: holds nothing that policies are judged by; what does: AgentContainer, EgressPolicy, NetworkPolicy, ClusterNetworkPolicy, Namespace, Pod and Node"
                            .formatted(String.join(", ", files)),
                    2);
        }
        return applied;
    }

    private Optional<Recorded> recorded(List<String> notes) {
        List<String> places = records.places();
        if (places.isEmpty()) {
            notes.add("no recorded flows were judged: no node agent keeps a record on this machine that may be read;"
                    + " --records names others");
            return Optional.empty();
        }
        Recorded recorded = records.read(Optional.empty(), Instant.now(), System.in);
        notes.add("%d events were read from %s".formatted(recorded.reading().events(), String.join(", ", places)));
        return Optional.of(recorded);
    }
}
