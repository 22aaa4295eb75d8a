package dev.agentcontainers.nodeagent.sandbox;

import java.util.Map;
import java.util.Optional;

/**
 * Reads the ConfigMaps and Secrets that assignments refer to. Thread-safe. May wait a short time for what is on its way.
 *
 * <p>An empty result means that a successful read found no such object; whatever keeps it from knowing is thrown as
 * {@link SandboxException} of kind TRANSIENT.
 */
public interface MaterialSource {
    Optional<Map<String, byte[]>> configMap(String name) throws SandboxException;

    Optional<Map<String, byte[]>> secret(String name) throws SandboxException;
}
