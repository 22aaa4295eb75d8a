package dev.agentcontainers.bench.start;

import dev.agentcontainers.bench.Bench.Benchmark;
import dev.agentcontainers.bench.Bench.Run;
import dev.agentcontainers.bench.Report;
import dev.agentcontainers.bench.Samples;
import dev.agentcontainers.bench.fleet.BenchFleet;
import dev.agentcontainers.cli.fleet.FleetProcess;
import dev.agentcontainers.localcluster.ControlPlaneOptions;
import dev.agentcontainers.startcache.Program;
import dev.agentcontainers.startcache.Program.Role;
import dev.agentcontainers.startcache.StartCache;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Process start → ready, of operator, node agent and agentctl, each with and without its cache. */
public final class ReadyTimes implements Benchmark {
    private static final long PATIENCE_NANOS = 90_000_000_000L;
    private static final int PAUSE_MILLIS = 10;

    @Override
    public String description() {
        return "start → ready of operator and node agent, and agentctl version, with and without AOT cache (root)";
    }

    @Override
    public void run(Run run, Report report) throws Exception {
        int pairs = run.times(10, 2);
        command(run, report, run.times(20, 3));
        try (BenchFleet fleet = BenchFleet.up(run.root(), ControlPlaneOptions.defaults())) {
            measure(fleet, Role.OPERATOR, fleet.layout().operator(), pairs, report);
            measure(fleet, Role.NODE_AGENT, fleet.layout().node(BenchFleet.NODE), pairs, report);
        }
    }

    private static void measure(BenchFleet fleet, Role role, Path folder, int pairs, Report report)
            throws IOException, InterruptedException {
        StartCache cache = fleet.programs().startCache(role);
        if (cache.find().isEmpty()) {
            throw new IllegalStateException("there is no start cache of the " + role + ": see why with agentctl up");
        }
        FleetProcess process = new FleetProcess(role.toString(), folder);
        Map<String, String> environment = environment(process);
        Samples without = report.samples(role + " ready, without cache");
        Samples with = report.samples(role + " ready, with cache");
        for (int i = 0; i < pairs; i++) {
            without.addNanos(ready(process, command(cache.program(), List.of()), environment));
            with.addNanos(ready(process, command(cache.program(), cache.options()), environment));
        }
        report.figure(role + ": with / without cache", "%.2f".formatted(with.median() / without.median()));
    }

    private static List<String> command(Program program, List<String> options) {
        List<String> command = new ArrayList<>();
        command.add(program.java().toString());
        command.addAll(options);
        command.addAll(program.options());
        command.addAll(List.of("-jar", program.jar().toString()));
        return command;
    }

    private static long ready(FleetProcess process, List<String> command, Map<String, String> environment)
            throws IOException, InterruptedException {
        process.stop();
        int port = freePort();
        Map<String, String> variables = new HashMap<>(environment);
        variables.put("QUARKUS_HTTP_PORT", Integer.toString(port));
        variables.put("AGENTCONTAINERS_NODE_HTTP_PORT", Integer.toString(port));
        HttpRequest health = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/q/health/ready"))
                .build();
        long begin = System.nanoTime();
        process.start(command, variables);
        try (HttpClient client = HttpClient.newHttpClient()) {
            while (!answers(client, health)) {
                if (System.nanoTime() - begin > PATIENCE_NANOS) {
                    throw new IllegalStateException("the " + process.name() + " is not ready; see " + process.log());
                }
                Thread.sleep(PAUSE_MILLIS);
            }
        }
        return System.nanoTime() - begin;
    }

    private static boolean answers(HttpClient client, HttpRequest health) throws InterruptedException {
        try {
            return client.send(health, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    /** What the fleet gave the process that runs. */
    private static Map<String, String> environment(FleetProcess process) throws IOException {
        ProcessHandle running =
                process.find().orElseThrow(() -> new IllegalStateException("the " + process.name() + " does not run"));
        Map<String, String> variables = new HashMap<>();
        for (String entry :
                Files.readString(Path.of("/proc/" + running.pid() + "/environ")).split("\0")) {
            int equals = entry.indexOf('=');
            variables.put(entry.substring(0, equals), entry.substring(equals + 1));
        }
        return variables;
    }

    /** The launcher itself, so that what it does before it starts Java counts. */
    private static void command(Run run, Report report, int pairs) throws IOException, InterruptedException {
        Samples without = report.samples("agentctl version, without cache");
        Samples with = report.samples("agentctl version, with cache");
        launch(run, true);
        for (int i = 0; i < pairs; i++) {
            without.addNanos(launch(run, false));
            with.addNanos(launch(run, true));
        }
        report.figure("agentctl: with / without cache", "%.2f".formatted(with.median() / without.median()));
    }

    private static long launch(Run run, boolean cache) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(
                        run.root().resolve("agentctl").toString(), "version")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("AGENTCTL_START_CACHE", cache ? "" : "off");
        // It was built before this; a build would be no start.
        builder.environment().put("AGENTCTL_NO_BUILD", "yes");
        long begin = System.nanoTime();
        int code = builder.start().waitFor();
        long took = System.nanoTime() - begin;
        if (code != 0) {
            throw new IllegalStateException("agentctl version ended with " + code);
        }
        return took;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
