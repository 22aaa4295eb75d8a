package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.oci.Companion.Begun;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.util.List;
import java.util.OptionalInt;

/**
 * The message bus of an agent's session: a D-Bus daemon in the sandbox, which accepts connections before the agent's first
 * instruction runs. It ends with the agent.
 */
record SessionBus(Companion companion) {
    /** By which programs find their bus. Source: D-Bus specification, "Well-known Message Bus Instances". */
    static final String VARIABLE = "DBUS_SESSION_BUS_ADDRESS";

    private static final String PROGRAM = "dbus-daemon";

    static String address(String runtimeDirectory) {
        return "unix:path=" + runtimeDirectory + "/bus";
    }

    /**
     * Starts it in a sandbox whose agent has not been started. Where the agent's files have no such program there is no bus.
     *
     * @throws SandboxException where it does not get ready, with what it said
     */
    void start(String runtimeDirectory) throws IOException, SandboxException {
        Begun begun = companion.start(
                List.of(
                        PROGRAM,
                        "--session",
                        "--nofork",
                        "--nopidfile",
                        // Which nobody hears here. What it says else would end it once nobody reads it any more.
                        "--syslog-only",
                        "--address=" + address(runtimeDirectory),
                        // Printed once it accepts connections.
                        "--print-address=" + Companion.STANDARD_OUTPUT),
                OptionalInt.empty());
        switch (begun) {
            case Begun.Missing _ -> {}
            case Begun.Said(String line) -> {
                if (!line.startsWith("unix:path=")) {
                    throw Companion.notReady("the session's " + PROGRAM, line);
                }
            }
        }
    }
}
