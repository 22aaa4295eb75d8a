package dev.agentcontainers.nodeagent.linux.strength;

import dev.agentcontainers.api.v1alpha1.DriverFeature;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.linux.fence.LinuxFenceSettings;
import dev.agentcontainers.nodeagent.linux.landlock.Landlock;
import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.linux.program.CallProgram;
import dev.agentcontainers.nodeagent.linux.program.Machine;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.linux.storage.PrivateFiles;
import dev.agentcontainers.nodeagent.linux.storage.WorkspaceStore;
import dev.agentcontainers.nodeagent.linux.strength.Exhaustion.End;
import dev.agentcontainers.nodeagent.linux.strength.SurveyProbe.Judge;
import dev.agentcontainers.nodeagent.linux.strength.network.TrialNetwork;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.strength.ProbeResult;
import dev.agentcontainers.nodeagent.strength.StrengthReport;
import dev.agentcontainers.nodeagent.strength.StrengthSuite;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The attempts of Linux. What came of one is known only where its program has said that it was made: of a sandbox that ends
 * before it says so nothing is known. Sandboxes have no network but their own loopback; one has a fence and a network of the
 * suite's own, which leads nowhere else.
 */
public final class LinuxStrengthSuite implements StrengthSuite {
    private static final Logger LOG = LoggerFactory.getLogger(LinuxStrengthSuite.class);
    private static final String PROGRAMS = "programs-";
    private static final Duration PATIENCE = Duration.ofSeconds(180);
    private static final List<String> RUNTIMES =
            List.of("crun", "runc", "conmon", "runsc", "qemu-system-x86_64", "qemu-system-aarch64");

    private final Path folder;
    private final Optional<LinuxFenceSettings> fence;
    private final UnaryOperator<Fence> around;
    private final Clock clock;
    private final boolean rootless;

    /**
     * @param folder for what stands on the host while it is measured; made for root only
     * @param fence of a fence that nobody else has, for a network of the suite's own; empty for sandboxes that never have a network
     */
    public LinuxStrengthSuite(Path folder, Optional<LinuxFenceSettings> fence, Clock clock) {
        this(folder, fence, UnaryOperator.identity(), clock, false);
    }

    /** @param around what the fence is used by, for who looks whether a broken one is found out */
    LinuxStrengthSuite(Path folder, Optional<LinuxFenceSettings> fence, UnaryOperator<Fence> around, Clock clock) {
        this(folder, fence, around, clock, false);
    }

    private LinuxStrengthSuite(
            Path folder,
            Optional<LinuxFenceSettings> fence,
            UnaryOperator<Fence> around,
            Clock clock,
            boolean rootless) {
        this.folder = folder;
        this.fence = fence;
        this.around = around;
        this.clock = clock;
        this.rootless = rootless;
    }

    /** The same by root of namespaces of an ordinary user's only, who has no control groups to limit sandboxes with. */
    public LinuxStrengthSuite asRootless() {
        return new LinuxStrengthSuite(folder, fence, around, clock, true);
    }

    @Override
    public String version() {
        return "2";
    }

    @Override
    public StrengthReport measure(IsolationDriver driver, DriverProbe.Ready ready) throws InterruptedException {
        List<ProbeResult> results = new ArrayList<>();
        Optional<Path> programs = Optional.empty();
        try {
            PrivateFiles.makeDirectory(folder);
            sweep();
            Path made = Files.createTempDirectory(folder, PROGRAMS);
            programs = Optional.of(made);
            TrialSandbox trials = new TrialSandbox(driver, ready, made, PATIENCE);
            Map<String, String> before = digests();
            results.addAll(survey(trials, ready));
            results.add(result(HandedFolder.PROBE, handed(trials)));
            fenced(trials).forEach((probe, judgement) -> results.add(result(probe, judgement)));
            for (Exhaustion exhaustion : exhaustions(ready)) {
                results.add(exhaust(trials, exhaustion));
            }
            if (rootless) {
                results.add(result(
                        "memory-exhausted",
                        Judgement.notApplicable("without root there is no limit of memory, and none is taken")));
            }
            if (!ready.features().contains(DriverFeature.EPHEMERAL_STORAGE)) {
                results.add(result(
                        "disk-exhausted",
                        Judgement.notApplicable("this node can't limit the disk, and takes no such limit")));
            }
            if (!results.stream().map(ProbeResult::probe).toList().contains("descriptors-exhausted")) {
                results.add(result(
                        "descriptors-exhausted",
                        Judgement.notApplicable(
                                rootless
                                        ? "without root its watches of files count as the user's, who may be left with none"
                                        : "the host's root has no watch left anyway")));
            }
            boolean same = before.equals(digests());
            results.add(result(
                    "runtime-replaced",
                    before.isEmpty()
                            ? Judgement.notApplicable("no runtime is on the PATH")
                            : Judgement.of(
                                    same,
                                    String.join(", ", before.keySet())
                                            + (same ? " are as they were" : " are not what they were"))));
        } catch (IOException e) {
            LOG.warn("the isolation of driver {} can't be measured", driver.name(), e);
            results.add(result("measurement", Judgement.unknown(String.valueOf(e.getMessage()))));
        } finally {
            programs.ifPresent(LinuxStrengthSuite::delete);
        }
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        return new StrengthReport(
                version(),
                driver.name(),
                ready.version(),
                ready.strength(),
                System.getProperty("os.version"),
                clock.instant(),
                results);
    }

    /** What a process that was killed has left. */
    private void sweep() throws IOException {
        try (DirectoryStream<Path> left = Files.newDirectoryStream(folder, PROGRAMS + "*")) {
            left.forEach(LinuxStrengthSuite::delete);
        }
    }

    private static void delete(Path folder) {
        try {
            DeepDeletion.delete(folder);
        } catch (IOException e) {
            LOG.warn("{} can't be removed", folder, e);
        }
    }

    private List<ProbeResult> survey(TrialSandbox trials, DriverProbe.Ready ready)
            throws InterruptedException, IOException {
        boolean limited = ready.features().contains(DriverFeature.EPHEMERAL_STORAGE);
        Survey survey = new Survey(limited);
        // Whose kernel it is has to be known whatever the driver claims.
        List<SurveyProbe> probes = survey.probes().stream()
                .filter(probe -> probe.level().compareTo(ready.strength()) <= 0
                        || probe.level() == IsolationLevel.UserspaceKernel)
                .toList();
        try (Bait bait = new Bait(folder)) {
            CallProgram program = new CallProgram(Machine.current());
            Map<SurveyProbe, Judge> judges = new LinkedHashMap<>();
            for (SurveyProbe probe : probes) {
                judges.put(probe, probe.attempt().add(program, bait));
            }
            ResourceAmounts limits = enforceable(
                    Exhaustion.limits(limited ? Optional.of(WorkspaceStore.LEAST_LIMIT) : Optional.empty()));
            List<ProbeResult> results = new ArrayList<>();
            try {
                trials.run(newId(), program.waiting(), limits, limited, end -> {
                    switch (end) {
                        case End.Waits(Witness witness) -> results.addAll(judge(judges, witness, ready.strength()));
                        case End.Ended ended -> results.addAll(unknown(judges, endedBefore(ended)));
                    }
                });
            } catch (SandboxException | IOException | RuntimeException e) {
                LOG.warn("a sandbox of driver {} can't be looked at", trials.driverName(), e);
                return unknown(judges, "its sandbox failed: " + e.getMessage());
            }
            return results;
        }
    }

    private static List<ProbeResult> judge(Map<SurveyProbe, Judge> judges, Witness witness, IsolationLevel claimed) {
        List<ProbeResult> results = new ArrayList<>();
        judges.forEach((probe, judge) -> {
            Judgement judgement;
            if (probe.level().compareTo(claimed) > 0) {
                judgement = Judgement.notApplicable("the driver does not claim to be of level " + probe.level());
            } else {
                try {
                    judgement = judge.judge(witness);
                } catch (IOException | RuntimeException e) {
                    judgement = Judgement.unknown(String.valueOf(e.getMessage()));
                }
            }
            results.add(new ProbeResult(probe.name(), probe.level(), judgement.verdict(), judgement.evidence()));
        });
        return results;
    }

    private static List<ProbeResult> unknown(Map<SurveyProbe, Judge> judges, String why) {
        return judges.keySet().stream()
                .map(probe -> {
                    Judgement judgement = Judgement.unknown(why);
                    return new ProbeResult(probe.name(), probe.level(), judgement.verdict(), judgement.evidence());
                })
                .toList();
    }

    /** What the driver over the host's root has beside mounts. */
    private Judgement handed(TrialSandbox trials) throws InterruptedException {
        try (Bait bait = new Bait(folder)) {
            if (!trials.ready().features().contains(DriverFeature.HOST_ROOT)) {
                return Judgement.notApplicable("this driver has no second fence around files, and promises none");
            }
            if (Landlock.ofThisKernel() instanceof Landlock.Missing(String reason)) {
                return Judgement.notApplicable(reason);
            }
            if (bait.openFolder().isEmpty()) {
                return Judgement.notApplicable("nothing can be written to the host's /var/tmp");
            }
            HandedFolder handed = new HandedFolder(bait, bait.openFolder().get());
            HandedFolder.Attempt attempt = handed.attempt();
            List<Judgement> judgements = new ArrayList<>();
            trials.run(
                    newId(),
                    attempt.program(),
                    enforceable(Exhaustion.limits(Optional.empty())),
                    false,
                    handed,
                    end -> judgements.add(
                            switch (end) {
                                case End.Waits(Witness witness) -> handed.judge(attempt, witness);
                                case End.Ended ended -> Judgement.unknown(endedBefore(ended));
                            }));
            return judgements.getFirst();
        } catch (SandboxException | IOException | RuntimeException e) {
            return Judgement.unknown(String.valueOf(e.getMessage()));
        }
    }

    private static String endedBefore(End.Ended ended) {
        return "its sandbox ended before, with code " + ended.exit().code();
    }

    /** In a sandbox of its own, since the others have no network at all. */
    private Map<String, Judgement> fenced(TrialSandbox trials) throws InterruptedException {
        if (fence.isEmpty()) {
            return FenceProbes.all(Judgement.notApplicable("its sandboxes have no network here"));
        }
        Map<String, Judgement> judgements = new LinkedHashMap<>();
        try (TrialNetwork network = new TrialNetwork(fence.get(), around)) {
            FenceProbes probes = new FenceProbes(network);
            SandboxId id = newId();
            trials.run(
                    id,
                    probes.program(),
                    enforceable(Exhaustion.limits(Optional.empty())),
                    false,
                    agent -> network.attach(id, agent),
                    end -> judgements.putAll(
                            switch (end) {
                                case End.Waits _ -> probes.judge();
                                case End.Ended ended -> FenceProbes.all(Judgement.unknown(endedBefore(ended)));
                            }));
            return judgements;
        } catch (SandboxException | IOException | RuntimeException e) {
            LOG.warn("the fence around sandboxes of driver {} can't be looked at", trials.driverName(), e);
            return FenceProbes.all(Judgement.unknown("no fence around its sandbox: " + e.getMessage()));
        }
    }

    private ResourceAmounts enforceable(ResourceAmounts limits) {
        return rootless
                ? new ResourceAmounts(
                        OptionalLong.empty(), OptionalLong.empty(), limits.ephemeralStorageBytes(), limits.pids())
                : limits;
    }

    private List<Exhaustion> exhaustions(DriverProbe.Ready ready) {
        boolean ownKernel = ready.strength().compareTo(IsolationLevel.UserspaceKernel) >= 0;
        List<Exhaustion> all = new ArrayList<>(List.of(Exhaustion.processes(ownKernel, rootless)));
        if (!rootless) {
            all.add(Exhaustion.memory());
        }
        if (!rootless && Exhaustion.canWatch()) {
            all.add(Exhaustion.descriptors());
        }
        if (ready.features().contains(DriverFeature.EPHEMERAL_STORAGE)) {
            all.add(Exhaustion.disk(WorkspaceStore.LEAST_LIMIT));
        }
        return all;
    }

    private ProbeResult exhaust(TrialSandbox trials, Exhaustion exhaustion) throws InterruptedException {
        List<ProbeResult> results = new ArrayList<>();
        try {
            trials.run(
                    newId(),
                    exhaustion.program(),
                    enforceable(exhaustion.limits()),
                    exhaustion.workspace(),
                    end -> results.add(
                            result(exhaustion.probe(), exhaustion.judge().judge(end))));
        } catch (SandboxException | IOException | RuntimeException e) {
            return result(exhaustion.probe(), Judgement.unknown(String.valueOf(e.getMessage())));
        }
        return results.getFirst();
    }

    private static ProbeResult result(String probe, Judgement judgement) {
        return new ProbeResult(probe, IsolationLevel.Process, judgement.verdict(), judgement.evidence());
    }

    private static SandboxId newId() {
        return new SandboxId(IsolationDriver.TRIAL + "strength-" + UUID.randomUUID());
    }

    /** Of what an agent might have overwritten while it was made or entered. */
    private static Map<String, String> digests() throws IOException {
        Map<String, String> digests = new TreeMap<>();
        for (String name : RUNTIMES) {
            Optional<Program> program = Program.find(name);
            if (program.isPresent()) {
                digests.put(name, digest(program.get().path()));
            }
        }
        return digests;
    }

    private static String digest(Path file) throws IOException {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
