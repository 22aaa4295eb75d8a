package dev.agentcontainers.nodeagent.audit;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** By which name an agent got an address last. Thread-safe. */
final class NameMemory {
    private static final int MOST = 2048;

    private final Map<String, String> names = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, String> eldest) {
            return size() > MOST;
        }
    };

    synchronized void put(String address, String name) {
        names.remove(address);
        names.put(address, name);
    }

    synchronized Optional<String> of(String address) {
        return Optional.ofNullable(names.get(address));
    }
}
