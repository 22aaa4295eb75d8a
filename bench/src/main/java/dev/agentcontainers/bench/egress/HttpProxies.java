package dev.agentcontainers.bench.egress;

import dev.agentcontainers.bench.Bench.Benchmark;
import dev.agentcontainers.bench.Bench.Run;
import dev.agentcontainers.bench.Report;
import dev.agentcontainers.bench.Samples;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Requests of an agent that each are judged by a rule with {@code http}, beside the same through a relay of Netty that reads
 * nothing, and through squid with a rule alike. The ways take turns.
 */
public final class HttpProxies implements Benchmark {
    private static final String SMALL = "/v1/items/small";
    private static final String LARGE = "/v1/items/large";
    private static final int RELAY_PORT = 8081;
    private static final int SQUID_PORT = 3128;
    private static final String HOST_ADDRESS = "10.9.103.5";

    /** What the agent connects to, and what came of it. */
    private static final class Way {
        private final String label;
        private final NetworkAttachment agent;
        private final String url;
        private final List<Double> requestsPerSecond = new ArrayList<>();
        private final List<Double> gigabits = new ArrayList<>();

        Way(String label, NetworkAttachment agent, String url) {
            this.label = label;
            this.agent = agent;
            this.url = url;
        }

        Samples latency(Report report, String which) {
            return report.samples(which + " of a request, " + label);
        }
    }

    /** Of one call of wrk, see wrk.lua. */
    private record Load(double requestsPerSecond, double gigabits, long medianNanos, long p99Nanos) {
        static Load parse(String line) {
            String[] words = line.strip().split(" ", -1);
            long errors = Long.parseLong(words[5]);
            if (errors > 0) {
                throw new IllegalStateException(errors + " of " + words[0] + " requests failed");
            }
            double seconds = Long.parseLong(words[1]) / 1e6;
            return new Load(
                    Long.parseLong(words[0]) / seconds,
                    Long.parseLong(words[2]) * 8 / seconds / 1e9,
                    Long.parseLong(words[3]) * 1000,
                    Long.parseLong(words[4]) * 1000);
        }
    }

    @Override
    public String description() {
        return "requests under a rule with http, beside a bare relay of Netty and squid (root, wrk, squid)";
    }

    @Override
    public void run(Run run, Report report) throws Exception {
        try (ProxiedNetwork proxied = ProxiedNetwork.make("wrk", "squid")) {
            BenchNetwork network = proxied.network();
            NetworkAttachment other = network.agent();
            network.route(other, 3, true);
            network.serve(java(HttpOrigin.class, ProxiedNetwork.SITE_ADDRESS, ProxiedNetwork.SITE_PORT));
            network.serveOnHost(java(
                    NettyRelay.class, HOST_ADDRESS, RELAY_PORT, ProxiedNetwork.SITE_ADDRESS, ProxiedNetwork.SITE_PORT));
            network.serveOnHost("sh", "-c", "echo ready; exec squid -N -f " + squid(network));
            network.onHost("for i in $(seq 100); do ss -ltn | grep -q :%d && exit; sleep 0.1; done; exit 1"
                    .formatted(SQUID_PORT));
            Way judged = new Way("egress proxy", proxied.agent(), "http://" + ProxiedNetwork.SITE_ADDRESS);
            Way relayed = new Way("bare relay", other, "http://%s:%d".formatted(HOST_ADDRESS, RELAY_PORT));
            Way squid = new Way("squid", other, "http://%s:%d".formatted(HOST_ADDRESS, SQUID_PORT));
            List<Way> ways = List.of(judged, relayed, squid);
            for (Way way : ways) {
                load(proxied, way, SMALL, 16, run.times(10, 2));
                load(proxied, way, LARGE, 4, run.times(3, 1));
            }
            for (int round = 0; round < run.times(7, 1); round++) {
                List<Way> turned = new ArrayList<>(ways);
                Collections.rotate(turned, round);
                for (Way way : turned) {
                    Load busy = load(proxied, way, SMALL, 16, run.times(4, 1));
                    way.requestsPerSecond.add(busy.requestsPerSecond);
                    way.latency(report, "p99, 16 at once,").addNanos(busy.p99Nanos);
                    way.latency(report, "p50, one at a time,")
                            .addNanos(load(proxied, way, SMALL, 1, run.times(2, 1)).medianNanos);
                    way.gigabits.add(load(proxied, way, LARGE, 4, run.times(3, 1)).gigabits);
                }
            }
            for (Way way : ways) {
                report.figure("requests, " + way.label, "%.0f a second".formatted(median(way.requestsPerSecond)));
                report.figure("answers of 1 MiB, " + way.label, "%.2f Gbit/s".formatted(median(way.gigabits)));
            }
            for (Way way : List.of(relayed, squid)) {
                report.figure(
                        "egress proxy / " + way.label,
                        "requests %.2f, large answers %.2f, p99 %.2f"
                                .formatted(
                                        median(judged.requestsPerSecond) / median(way.requestsPerSecond),
                                        median(judged.gigabits) / median(way.gigabits),
                                        judged.latency(report, "p99, 16 at once,")
                                                        .median()
                                                / way.latency(report, "p99, 16 at once,")
                                                        .median()));
            }
        }
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get((values.size() - 1) / 2);
    }

    private static Load load(ProxiedNetwork proxied, Way way, String path, int connections, int seconds)
            throws IOException {
        // Opens the address anew, for longer than this takes.
        proxied.lookUp(ProxiedNetwork.SITE, 1, 1);
        return Load.parse(proxied.network()
                .inside(
                        way.agent,
                        "exec wrk -t 1 -c %d -d %ds -s %s -H 'Host: %s' %s%s"
                                .formatted(
                                        connections,
                                        seconds,
                                        proxied.network().program("wrk.lua"),
                                        ProxiedNetwork.SITE,
                                        way.url,
                                        path))
                .lines()
                .toList()
                .getLast());
    }

    /** A program of this benchmark's as a process of its own, with the options of the egress proxy. */
    private static String[] java(Class<?> program, Object... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx96m",
                "-XX:MaxDirectMemorySize=48m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                program.getName()));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        return command.toArray(String[]::new);
    }

    /** Squid as a proxy in front of that server that keeps nothing, and judges method and path as the rule does. */
    private static Path squid(BenchNetwork network) throws IOException {
        Path file = network.folder().resolve("squid.conf");
        Files.writeString(file, """
                http_port %s:%d accel defaultsite=%s
                cache_peer %s parent %d 0 no-query originserver name=site
                acl items urlpath_regex ^/v1/items/
                acl reads method GET
                http_access allow reads items
                http_access deny all
                cache deny all
                cache_mem 8 MB
                access_log none
                cache_log /dev/null
                pid_filename none
                visible_hostname bench
                dns_nameservers 127.0.0.1
                pinger_enable off
                shutdown_lifetime 0 seconds
                """.formatted(
                HOST_ADDRESS, SQUID_PORT, ProxiedNetwork.SITE, ProxiedNetwork.SITE_ADDRESS, ProxiedNetwork.SITE_PORT));
        return file;
    }
}
