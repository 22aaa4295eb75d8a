package dev.agentcontainers.nodeagent.sandbox;

import java.util.regex.Pattern;

/**
 * Names a sandbox on its node: the UID of the AgentContainer. Safe as a file name, cgroup name and runtime container
 * name.
 *
 * @param value 1 to 63 lower-case letters, digits and hyphens, starting with a letter or digit
 */
public record SandboxId(String value) {
    private static final Pattern VALID = Pattern.compile("[a-z0-9][a-z0-9-]{0,62}");

    public SandboxId {
        if (!VALID.matcher(value).matches()) {
            throw new IllegalArgumentException("sandbox id '" + value
                    + "' must be 1 to 63 lower-case letters, digits and hyphens, starting with a letter or digit");
        }
    }

    @Override
    public String toString() {
        return value;
    }
}
