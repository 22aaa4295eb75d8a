package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.api.v1alpha1.DriverFeature;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies;
import dev.agentcontainers.nodeagent.linux.landlock.Landlock;
import dev.agentcontainers.nodeagent.linux.oci.MicroVmSettings.Accelerator;
import dev.agentcontainers.nodeagent.linux.storage.Ext4Images;
import dev.agentcontainers.nodeagent.linux.storage.WorkspaceStore;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.Workspace;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds out whether this machine can run agents: looks for what is needed, then really runs one. */
record LaunchProbe(
        OciDriver driver, DriverKind kind, OciSettings settings, Hierarchies hierarchies, boolean storageTools) {
    private static final Pattern KERNEL = Pattern.compile("(\\d+)\\.(\\d+).*");
    private static final String PROGRAM = "/bin/true";
    private static final long MEMORY = 128 << 20;
    private static final long MACHINE_MEMORY = 256 << 20;

    static boolean isTrial(SandboxId id) {
        return id.value().startsWith(IsolationDriver.TRIAL);
    }

    static Path trialFolder(OciSettings settings) {
        return settings.stateDirectory().resolve("trial");
    }

    DriverProbe probe() {
        try {
            Tools tools = Tools.of(kind, settings);
            Optional<String> lack = lack();
            if (lack.isPresent()) {
                return new DriverProbe.NotReady(lack.get());
            }
            String version = Tools.version(tools.runtime()) + ", " + Tools.version(tools.shim());
            if (kind == DriverKind.MICROVM) {
                version += ", " + machine();
            }
            Optional<String> withoutStorage = launch();
            DiskRates rates = driver.diskRates();
            return new DriverProbe.Ready(
                    version, level(), features(withoutStorage, rates), notes(withoutStorage, rates));
        } catch (Tools.MissingException | SandboxException | IOException e) {
            return new DriverProbe.NotReady(String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new DriverProbe.NotReady("the probe was interrupted");
        }
    }

    /** Another version where processors are others: what was measured of one kind says nothing of the other. */
    private String machine() throws Tools.MissingException, IOException, InterruptedException {
        MicroVmParts parts = MicroVmParts.of(settings.microVm());
        return Tools.version(parts.qemu())
                + (isEmulated() ? " emulating, Linux " : " by KVM, Linux ")
                + parts.version();
    }

    private boolean isEmulated() {
        return kind == DriverKind.MICROVM && settings.microVm().accelerator() == Accelerator.TCG;
    }

    /** What is emulated is no boundary of its own: there remains what is around it. */
    private IsolationLevel level() {
        return isEmulated() ? IsolationLevel.Container : kind.level();
    }

    private Optional<String> lack() throws IOException {
        if (kind == DriverKind.MICROVM && settings.rootless()) {
            return Optional.of("micro-VMs need root, for their interfaces");
        }
        if (kind == DriverKind.MICROVM && !isEmulated() && !Files.exists(Path.of("/dev/kvm"))) {
            return Optional.of(
                    "there is no /dev/kvm: enable virtualization, or have processors emulated, which counts as a"
                            + " container, by agentcontainers.node.micro-vm-accelerator=tcg");
        }
        if (kind == DriverKind.MICROVM) {
            if (Landlock.ofThisKernel() instanceof Landlock.Missing missing) {
                return Optional.of("micro-VMs need Landlock around what serves their files: " + missing.reason());
            }
            long files = InheritedLimits.files(OptionalLong.empty());
            if (files < MicroVmLimits.LEAST_DESCRIPTORS) {
                return Optional.of("the node agent may have " + files + " files open, and micro-VMs need "
                        + MicroVmLimits.LEAST_DESCRIPTORS + ": raise LimitNOFILE= of its service");
            }
        }
        String release = kernel();
        if (version(release) < 5012) {
            return Optional.of("the kernel is " + release + "; Linux 5.12 or newer is needed (mount_setattr)");
        }
        Optional<String> withoutImages = lackForImages(release);
        if (kind.runsImages() && withoutImages.isPresent()) {
            return withoutImages;
        }
        if (settings.rootless() && version(release) < 5014) {
            return Optional.of("the kernel is " + release
                    + "; Linux 5.14 or newer is needed without root (processes counted by user namespace)");
        }
        if (!Files.exists(Path.of("/proc/self/ns/user"))) {
            return Optional.of("the kernel has no user namespaces (CONFIG_USER_NS)");
        }
        if (!Files.readString(Path.of("/proc/self/status")).contains("Seccomp_filters:")) {
            return Optional.of("the kernel has no system call filters (CONFIG_SECCOMP_FILTER)");
        }
        for (String controller : settings.rootless() ? List.<String>of() : List.of("memory", "pids", "cpu")) {
            Optional<Hierarchies.Hierarchy> hierarchy = hierarchies.of(controller);
            if (hierarchy.filter(found -> isUsable(found, controller)).isEmpty()) {
                return Optional.of("the control group controller '" + controller + "' is not available");
            }
        }
        return Optional.empty();
    }

    /** Release of the kernel that runs. */
    static String kernel() throws IOException {
        return Files.readString(Path.of("/proc/sys/kernel/osrelease")).trim();
    }

    /** What a kernel lacks to have files of images in sandboxes, as a root or as mounts. */
    static Optional<String> lackForImages(String release) {
        return version(release) < 5019
                ? Optional.of(
                        "the kernel is " + release + "; Linux 5.19 or newer is needed (id-mapped layers of an overlay)")
                : Optional.empty();
    }

    /** What a kernel lacks to know whose reading and writing it is where files lie in images on loop devices. */
    static Optional<String> lackForDiskRates(String release) {
        return version(release) < 5014
                ? Optional.of("the kernel is " + release
                        + "; Linux 5.14 or newer is needed (loop devices that charge who asks)")
                : Optional.empty();
    }

    /** One whose name says nothing is taken for new. */
    private static int version(String release) {
        Matcher kernel = KERNEL.matcher(release);
        return kernel.matches()
                ? Integer.parseInt(kernel.group(1)) * 1000 + Integer.parseInt(kernel.group(2))
                : Integer.MAX_VALUE;
    }

    private static boolean isUsable(Hierarchies.Hierarchy hierarchy, String controller) {
        if (!hierarchy.version2()) {
            return true;
        }
        try {
            return List.of(Files.readString(hierarchy.mountPoint().resolve("cgroup.controllers"))
                            .trim()
                            .split(" "))
                    .contains(controller);
        } catch (IOException e) {
            return false;
        }
    }

    private List<String> features(Optional<String> withoutStorage, DiskRates rates) throws IOException {
        List<String> features = new ArrayList<>(List.of(kind.feature()));
        if (withoutStorage.isEmpty()) {
            features.add(DriverFeature.EPHEMERAL_STORAGE);
        }
        features.addAll(rates.features());
        // By the fence, which stands before the first agent does: its own rules need what limits of rates need.
        features.add(DriverFeature.NETWORK_EGRESS_RATE);
        features.add(DriverFeature.NETWORK_INGRESS_RATE);
        features.add(DriverFeature.SUSPENSION);
        if (kind.sharesKernel()) {
            features.add(DriverFeature.SESSION);
            if (kind == DriverKind.CONTAINER || SessionDisplay.isShownBy(settings.hostRoot())) {
                features.add(DriverFeature.DISPLAY);
            }
        }
        return features;
    }

    private List<String> notes(Optional<String> withoutStorage, DiskRates rates) throws IOException {
        List<String> notes = new ArrayList<>();
        if (kind == DriverKind.PROCESS && Landlock.ofThisKernel() instanceof Landlock.Missing missing) {
            notes.add(missing.note());
        }
        if (isEmulated()) {
            notes.add(
                    "its processors are emulated (agentcontainers.node.micro-vm-accelerator is tcg): slow, and no stronger a"
                            + " boundary than a container's");
        }
        if (settings.rootless()) {
            notes.add("limits of cpu, memory and ephemeral-storage and rates of disks can't be enforced without root");
            return notes;
        }
        if (hierarchies.mode() != Hierarchies.Mode.VERSION_2) {
            notes.add("limits are enforced by control groups version 1");
        }
        withoutStorage.ifPresent(reason -> notes.add("limits of ephemeral-storage can't be enforced: " + reason));
        notes.addAll(rates.notes());
        return notes;
    }

    /** With a limited workspace where that is possible; otherwise says why it is not, once it is known to be that. */
    private Optional<String> launch() throws SandboxException, IOException, InterruptedException {
        Optional<String> reason = Optional.of("this machine lacks " + Ext4Images.needs());
        if (storageTools) {
            try {
                launch(OptionalLong.of(WorkspaceStore.LEAST_LIMIT), List.of(new Workspace("/workspace", true)));
                return Optional.empty();
            } catch (SandboxException | IOException e) {
                reason = Optional.of(String.valueOf(e.getMessage()));
            }
        }
        launch(OptionalLong.empty(), List.of());
        return reason;
    }

    private void launch(OptionalLong storage, List<ResolvedMount> mounts)
            throws SandboxException, IOException, InterruptedException {
        SandboxId id = new SandboxId(IsolationDriver.TRIAL + UUID.randomUUID());
        boolean limited = !settings.rootless();
        ResourceAmounts limits = new ResourceAmounts(
                limited ? OptionalLong.of(1000) : OptionalLong.empty(),
                limited ? OptionalLong.of(kind == DriverKind.MICROVM ? MACHINE_MEMORY : MEMORY) : OptionalLong.empty(),
                storage,
                OptionalLong.of(16));
        SandboxSpec spec = new SandboxSpec(
                id,
                root(),
                "probe",
                Map.of(),
                List.of(kind == DriverKind.PROCESS ? PROGRAM : TrialImage.PROGRAM),
                "/",
                Map.of(),
                limits,
                limits,
                mounts);
        driver.onTrial(id, () -> {
            driver.prepare(spec);
            driver.create(spec);
            driver.start(id);
            ExitStatus exit = exit(id);
            if (exit.code() != 0) {
                throw new IOException("a trial run ended with code " + exit.code() + said(driver.log(id)));
            }
        });
    }

    /** The last line that a trial run has written. */
    private static String said(Path log) throws IOException {
        if (!Files.exists(log)) {
            return "";
        }
        List<String> lines = Files.readAllLines(log);
        // Time, stream and P or F come before the text.
        return lines.isEmpty() ? "" : ": " + lines.getLast().replaceFirst("^\\S+ \\S+ \\S+ ", "");
    }

    private Path trialLayer() throws IOException {
        return TrialImage.layerIn(
                trialFolder(settings), settings.rootless() ? settings.ids().first() : 0);
    }

    private SandboxRoot root() throws IOException {
        return switch (kind) {
            case PROCESS -> SandboxRoot.HOST;
            case CONTAINER, GVISOR, MICROVM -> new SandboxRoot.Image(List.of(trialLayer()), "");
        };
    }

    private ExitStatus exit(SandboxId id) throws SandboxException, IOException, InterruptedException {
        FutureTask<ExitStatus> end = new FutureTask<>(() -> driver.awaitExit(id));
        Thread waiting = Thread.ofVirtual().name("trial run").start(end);
        try {
            return end.get(settings.patience().toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new IOException(
                    "a trial run did not end within " + settings.patience().toSeconds() + " s", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof SandboxException failure) {
                throw failure;
            }
            throw new IOException(e.getCause());
        } finally {
            waiting.interrupt();
        }
    }
}
