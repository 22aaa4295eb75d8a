package dev.agentcontainers.operator.gateway;

import dev.agentcontainers.protocol.StreamRequest;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;

/** The gateway's metrics. */
final class GatewayMeters implements AutoCloseable {
    private static final String PREFIX = "agentcontainers.gateway.";

    private final MeterRegistry registry;
    private final List<Gauge> gauges = new ArrayList<>();

    GatewayMeters(MeterRegistry registry) {
        this.registry = registry;
    }

    void watch(IntSupplier nodes, IntSupplier streams) {
        gauges.add(Gauge.builder(PREFIX + "nodes", nodes::getAsInt)
                .description("Node agents connected")
                .register(registry));
        gauges.add(Gauge.builder(PREFIX + "streams.open", streams::getAsInt)
                .description("Streams of users open")
                .register(registry));
    }

    void opened(StreamRequest request) {
        String kind = switch (request) {
            case StreamRequest.Log ignored -> "log";
            case StreamRequest.Exec ignored -> "exec";
            case StreamRequest.Egress ignored -> "egress";
            case StreamRequest.Usage ignored -> "usage";
            case StreamRequest.Save ignored -> "save";
            case StreamRequest.Restore ignored -> "restore";
            case StreamRequest.Display ignored -> "display";
        };
        registry.counter(PREFIX + "streams", "kind", kind).increment();
    }

    void enrolment(String kind) {
        registry.counter(PREFIX + "enrolments", "kind", kind).increment();
    }

    void refused(int code) {
        registry.counter(PREFIX + "refusals", "code", Integer.toString(code)).increment();
    }

    @Override
    public void close() {
        gauges.forEach(registry::remove);
        gauges.clear();
    }
}
