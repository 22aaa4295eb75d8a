package dev.agentcontainers.egressproxy.names;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** Has the kernel let an agent reach addresses. */
public interface Openings {
    /**
     * Completes on the thread of the names when the kernel has acknowledged, with those addresses that the agent may reach;
     * exceptionally where nothing was opened, or nobody is there who could.
     */
    CompletableFuture<Opened> open(String agent, String name, List<String> addresses, int seconds);

    /**
     * What an agent may reach.
     *
     * @param addresses in plain notation, by whatever rule the agent may reach them
     * @param intercepted by address, the ports at which the agent's own connections to it would be handed over to this process. Nowhere
     *     else may this process go for the agent: what is reached otherwise is counted, ended and closed by the kernel alone.
     */
    record Opened(List<String> addresses, Map<String, Set<Integer>> intercepted) {
        /** Nothing. */
        static final Opened NOTHING = of(List.of());

        public Opened {
            addresses = List.copyOf(addresses);
            Map<String, Set<Integer>> ports = new HashMap<>();
            intercepted.forEach((address, its) -> ports.put(address, Set.copyOf(its)));
            intercepted = Map.copyOf(ports);
        }

        /** Without any place to which this process may go. */
        public static Opened of(List<String> addresses) {
            return new Opened(addresses, Map.of());
        }

        /** Those at which connections to the port would be handed over, in the order of the addresses. */
        public List<String> interceptedAt(int port) {
            return addresses.stream()
                    .filter(address ->
                            intercepted.getOrDefault(address, Set.of()).contains(port))
                    .toList();
        }

        /** Only what is among these, in their order. */
        Opened among(List<String> others) {
            return new Opened(others.stream().filter(addresses::contains).toList(), intercepted);
        }
    }
}
