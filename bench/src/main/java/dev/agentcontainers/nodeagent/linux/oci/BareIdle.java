package dev.agentcontainers.nodeagent.linux.oci;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessIdentity;
import dev.agentcontainers.nodeagent.linux.process.SpawnRequest;
import dev.agentcontainers.nodeagent.linux.rootfs.MountNamespace;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The baseline of what is idle: agents that conmon and the runtime alone hold, all from the bundle of one sandbox of the driver's,
 * which stays created and never starts. They lack what each agent of ours has for itself: mount namespace, root and workspace,
 * interface and the supervisor's knowledge. In this package because the driver's parts are nobody else's. For one thread.
 */
public final class BareIdle implements AutoCloseable {
    private static final int SYNC = 3;
    private static final String PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final SandboxSpec spec;
    private final OciDriver driver;
    private final SandboxFiles files;
    private final BareBundle source;
    private final Tools tools;
    private final ProcessCalls processes = ProcessCalls.ofThisMachine();
    private final DescriptorCalls descriptors = DescriptorCalls.ofThisMachine();
    private final List<Agent> agents = new ArrayList<>();

    /** One of them: its name, its shim and its first process. */
    public record Agent(String name, long shim, long process) {}

    private BareIdle(OciSettings settings, SandboxSpec spec) throws IOException, SandboxException {
        this.spec = spec;
        this.driver = OciDriver.process(settings);
        this.files = new SandboxFiles(settings, spec.id());
        try {
            this.tools = Tools.of(DriverKind.PROCESS, settings);
        } catch (Tools.MissingException e) {
            throw new IOException(e);
        }
        driver.prepare(spec);
        driver.create(spec);
        this.source = BareBundle.of(settings, files);
    }

    /** Makes the bundle; no agent runs yet. */
    public static BareIdle of(OciSettings settings, SandboxSpec spec) throws IOException, SandboxException {
        return new BareIdle(settings, spec);
    }

    /** Starts one more. */
    public void start() throws IOException {
        String name = "bare-" + agents.size();
        Path bundle = source.write(name);
        List<String> arguments = new ArrayList<>(List.of("--api-version", "1", "-c", name, "-u", name, "-n", name));
        arguments.addAll(List.of("-r", tools.runtime().toString(), "-b", bundle.toString()));
        arguments.addAll(List.of("-p", bundle.resolve("pid").toString()));
        arguments.addAll(List.of("-P", bundle.resolve("shim.pid").toString()));
        arguments.addAll(List.of("--persist-dir", bundle.toString(), "--full-attach", "--no-new-keyring"));
        arguments.addAll(List.of("-l", "k8s-file:" + bundle.resolve("log")));
        runtimeOptions().forEach(each -> arguments.add("--runtime-arg=" + each));
        long process = create(arguments, name);
        agents.add(new Agent(name, SandboxRuns.pidIn(source.seen(bundle).resolve("shim.pid")), process));
        List<String> start = new ArrayList<>(runtimeOptions());
        start.addAll(List.of("start", name));
        run(tools.runtime(), start);
    }

    public List<Agent> agents() {
        return List.copyOf(agents);
    }

    private List<String> runtimeOptions() {
        List<String> options = new ArrayList<>(List.of("--root=" + files.runtimeState()));
        options.addAll(tools.options());
        return options;
    }

    private void run(Path program, List<String> arguments) throws IOException {
        run(program, arguments, Map.of("PATH", PATH), Map.of());
    }

    private void run(
            Path program, List<String> arguments, Map<String, String> environment, Map<Integer, Integer> passedOn)
            throws IOException {
        int code = processes.waitFor(new MountNamespace(Mounts.ofThisMachine())
                .inThatOf(
                        source.holder(),
                        () -> Shim.check(
                                "start " + program,
                                processes.spawn(new SpawnRequest(
                                        program.toString(), arguments, environment, passedOn, false)))));
        if (code != 0) {
            throw new IOException(program + " ended with " + code);
        }
    }

    /** Has the shim create one; the pid of its first process, as the shim answers it. */
    private long create(List<String> arguments, String name) throws IOException {
        int[] sync = new int[2];
        Shim.check("make a pipe", descriptors.pipe(sync));
        try {
            try {
                run(
                        tools.shim(),
                        arguments,
                        Map.of("_OCI_SYNCPIPE", Integer.toString(SYNC), "PATH", PATH),
                        Map.of(SYNC, sync[1]));
            } finally {
                descriptors.close(sync[1]);
            }
            byte[] answer = new byte[8192];
            int count = descriptors.read(sync[0], answer);
            JsonNode json = JSON.readTree(new String(answer, 0, Math.max(count, 0), StandardCharsets.UTF_8));
            if (json.path("data").asLong(-1) <= 0) {
                throw new IOException("%s could not be created: %s"
                        .formatted(name, json.path("message").asText()));
            }
            return json.path("data").asLong();
        } finally {
            descriptors.close(sync[0]);
        }
    }

    /** Ends all and removes the bundle. */
    @Override
    public void close() throws IOException {
        try {
            for (Agent agent : agents) {
                ProcessIdentity.of(agent.process())
                        .ifPresent(process -> process.signal(processes, descriptors, ProcessCalls.SIGKILL));
            }
            for (Agent agent : agents) {
                List<String> delete = new ArrayList<>(runtimeOptions());
                delete.addAll(List.of("delete", "--force", agent.name()));
                run(tools.runtime(), delete);
            }
            driver.purge(spec.id());
            driver.close();
        } catch (SandboxException e) {
            throw new IOException(e);
        }
    }
}
