package dev.agentcontainers.cli.egress.simulate;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.PortRange;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Boxes and names in few lines: those with the same ports stand together. */
final class Passages {
    private static final int MOST_SHOWN = 6;

    private Passages() {}

    static List<String> ofBoxes(List<Allow> boxes) {
        Map<String, List<String>> ports = new LinkedHashMap<>();
        boxes.forEach(box -> add(ports, box.cidr(), box.protocol(), box.port(), box.endPort()));
        return lines(ports);
    }

    static List<String> ofNames(List<AllowedName> names) {
        Map<String, List<String>> ports = new LinkedHashMap<>();
        names.forEach(name -> add(ports, name.domain(), name.protocol(), name.port(), name.endPort()));
        return lines(ports);
    }

    /** As {@code api.example.org  TCP 80  GET, HEAD /v1/*}. */
    static String ofRequests(AllowedHttp http) {
        String hosts = http.hosts() == null || http.hosts().isEmpty() ? "" : "  Host " + shown(http.hosts());
        return "%s  TCP %s  %s %s%s%s"
                .formatted(
                        http.domain(),
                        new PortRange(http.port(), http.endPort()),
                        shown(http.methods()),
                        shown(http.paths()),
                        hosts,
                        Boolean.TRUE.equals(http.webSocket()) ? "  also WebSockets" : "");
    }

    private static void add(Map<String, List<String>> ports, String place, Protocol protocol, int first, int last) {
        PortRange range = new PortRange(first, last);
        ports.computeIfAbsent(place, _ -> new ArrayList<>())
                .add(range.equals(PortRange.ALL) ? "all " + protocol : protocol + " " + range);
    }

    private static List<String> lines(Map<String, List<String>> portsOfPlaces) {
        Map<List<String>, List<String>> placesOfPorts = new LinkedHashMap<>();
        portsOfPlaces.forEach((place, ports) ->
                placesOfPorts.computeIfAbsent(ports, _ -> new ArrayList<>()).add(place));
        List<String> lines = new ArrayList<>();
        placesOfPorts.forEach((ports, places) -> lines.add(shown(places) + "  " + shown(ports)));
        return lines;
    }

    private static String shown(List<String> all) {
        int more = all.size() - MOST_SHOWN;
        return more > 1
                ? String.join(", ", all.subList(0, MOST_SHOWN)) + " and %d more".formatted(more)
                : String.join(", ", all);
    }
}
