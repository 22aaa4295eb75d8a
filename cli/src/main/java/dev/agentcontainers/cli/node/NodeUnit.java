package dev.agentcontainers.cli.node;

import java.util.List;
import java.util.stream.Collectors;

/**
 * The systemd unit of the node agent. Source for each setting: systemd.service(5), systemd.exec(5), systemd.kill(5).
 */
public final class NodeUnit {
    static final String NAME = "agentcontainers-node-agent.service";

    /** What neither a node agent nor a runtime or a file system's tool that it starts has a use for. */
    private static final List<String> CAPABILITIES_DROPPED = List.of(
            "CAP_AUDIT_CONTROL",
            "CAP_AUDIT_READ",
            "CAP_BLOCK_SUSPEND",
            "CAP_LINUX_IMMUTABLE",
            "CAP_MAC_ADMIN",
            "CAP_MAC_OVERRIDE",
            "CAP_SYSLOG",
            "CAP_SYS_BOOT",
            "CAP_SYS_MODULE",
            "CAP_SYS_PACCT",
            "CAP_SYS_RAWIO",
            "CAP_SYS_TIME",
            "CAP_SYS_TTY_CONFIG",
            "CAP_WAKE_ALARM");

    private NodeUnit() {}

    /** Capabilities that the service has not, {@code CAP_…}. */
    public static List<String> capabilitiesDropped() {
        return CAPABILITIES_DROPPED;
    }

    static String text(List<String> command) {
        return """
                # Written by agentctl node join, removed by agentctl node reset. To change it: systemctl edit %s
                [Unit]
                Description=AgentContainers node agent
                Wants=network-online.target
                After=network-online.target
                # A node that can't start now is wanted nevertheless once it can.
                StartLimitIntervalSec=0

                [Service]
                Type=exec
                # Names of files are in UTF-8, whatever the machine's services have: in the locale C a JVM can't name others.
                Environment=LC_ALL=C.UTF-8
                ExecStart=%s
                # Agents outlive the node agent: stopping or restarting it ends nothing but itself.
                KillMode=process
                Delegate=yes
                # 75: to be started again. 2: set up wrongly, which starting again does not mend. 143: ended by SIGTERM.
                Restart=on-failure
                RestartSec=2
                RestartPreventExitStatus=2
                SuccessExitStatus=143
                TimeoutStopSec=30
                # Everything with a mount namespace of its own (ProtectSystem=, PrivateTmp= and the like) is left out on
                # purpose: agents' mounts must be where the next node agent finds them. So are limits and filters of
                # system calls, which agents would inherit; theirs come with their manifest.
                CapabilityBoundingSet=~%s

                [Install]
                WantedBy=multi-user.target
                """.formatted(
                        NAME,
                        command.stream().map(NodeUnit::quoted).collect(Collectors.joining(" ")),
                        String.join(" ", CAPABILITIES_DROPPED));
    }

    /** An argument that neither specifiers nor variables nor white space change (systemd.service(5), "Command lines"). */
    private static String quoted(String argument) {
        String escaped = argument.replace("\\", "\\\\")
                .replace("\"", "\\\"")
                .replace("%", "%%")
                .replace("$", "$$");
        return escaped.matches("[A-Za-z0-9_@%+=:,./-]+") ? escaped : '"' + escaped + '"';
    }
}
