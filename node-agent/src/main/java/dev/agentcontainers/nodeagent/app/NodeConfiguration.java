package dev.agentcontainers.nodeagent.app;

import dev.agentcontainers.nodeagent.platform.NodeSettings;
import dev.agentcontainers.nodeagent.standalone.service.ServiceSettings;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Settings of the node agent; as environment variables {@code AGENTCONTAINERS_NODE_NAME} and so on. */
@ConfigMapping(prefix = "agentcontainers.node")
public interface NodeConfiguration {
    /** The AgentNode that this machine is. Required. */
    Optional<String> name();

    /** The node's kubeconfig. Default: what was granted when this machine joined. */
    Optional<Path> kubeconfig();

    /** How this machine joins by itself where it has not joined yet. */
    Join join();

    /** For what must survive a reboot. */
    @WithDefault("/var/lib/agentcontainers")
    Path stateDirectory();

    /** For what may vanish with a reboot. */
    @WithDefault("/run/agentcontainers")
    Path runDirectory();

    /** First of the host's user and group ids that agents are mapped to. */
    @WithDefault("200000000")
    long firstUserId();

    /** How many ids from there; each agent takes 65,536. */
    @WithDefault("655360000")
    long userIdCount();

    /** Bytes at which an agent's log is begun anew. */
    @WithDefault("67108864")
    long logLimit();

    /**
     * Bytes that the workspaces of an agent without a limit of ephemeral-storage may take, at least 16Mi; 0 lets them
     * take the whole disk.
     */
    @WithDefault("1073741824")
    long unaskedStorage();

    /** Absolute paths that agents without an image see read-only, beside /usr, /bin, /sbin, /lib* and /etc. */
    Optional<List<String>> hostPaths();

    /**
     * Folders of the machine that agents may mount by hostPath, each PATH or PATH:ro to read, PATH:rw to write too. Default: there
     * are none.
     */
    Optional<List<String>> hostMounts();

    /** gVisor's runtime, runsc, for the driver gvisor. Default: the first of that name on the PATH. */
    Optional<Path> runsc();

    /** How runsc gets hold of its programs' system calls: systrap, or kvm where there is /dev/kvm. */
    @WithDefault(NodeSettings.Gvisor.SYSTRAP)
    String runscPlatform();

    /**
     * What the driver microvm makes its machines of, as scripts/micro-vm makes it. Default: /usr/local/lib/agentcontainers/micro-vm.
     */
    Optional<Path> microVm();

    /** Whose processors micro-VMs have: kvm for the machine's own, tcg for emulated ones, which count as strong as a container. */
    @WithDefault(NodeSettings.MicroVm.KVM)
    String microVmAccelerator();

    /** For images; several nodes of a machine may share it. Default: the folder images of the state directory. */
    Optional<Path> imageDirectory();

    /** File (YAML) that says how registries are reached: mirrors, hosts without TLS, authorities. Default: there is none. */
    Optional<Path> registriesFile();

    /** File with this node's credentials for registries, as Docker has it. Default: there is none. */
    Optional<Path> registryCredentialsFile();

    /** File (YAML) that says which images must be signed by whom, read anew for each start. Default: none need be. */
    Optional<Path> signaturesFile();

    /** Percent of the images' disk that stay free where images that no agent has can be removed for it, 0 to 99. */
    @WithDefault("15")
    int imageFreePercent();

    /** Range of all agents' addresses in the fleet. */
    @WithDefault("100.80.0.0/12")
    String fleetCidr();

    /** Addresses and ranges that no policy opens, beside the API server's. */
    Optional<List<String>> neverAllowed();

    /** Resolver that agents' names are asked of, ADDRESS[:PORT]. Default: the machine's own. */
    Optional<String> dnsUpstream();

    /** Bytes at which a file of the record of what agents were let do and denied is begun anew, 65536 or more. */
    @WithDefault("33554432")
    long auditFileSize();

    /** How many of those files there are at most, 1 to 1000. */
    @WithDefault("8")
    int auditFiles();

    /** URL of a collector of OpenTelemetry logs that has that record too, by OTLP over HTTP. Default: there is none. */
    Optional<URI> auditOtlpEndpoint();

    /** File of headers for the collector, NAME=VALUE on each line, read anew for each request. */
    Optional<Path> auditOtlpHeadersFile();

    /** Certificates (PEM) of the authorities of the collector's certificate. Default: the machine's own. */
    Optional<Path> auditOtlpCaFile();

    /** Unix socket by which users without root may run agents of their own here. Default: there is none. */
    Optional<Path> localSocket();

    /** Group whose members may connect to the local socket. */
    @WithDefault(ServiceSettings.GROUP)
    String localGroup();

    /**
     * Percent of this machine that runs by the local socket may have together, 1 to 99. It is theirs alone: where there is
     * the socket the fleet's agents have the rest at most, whatever the AgentNode's share is.
     */
    @WithDefault("20")
    int localShare();

    /** Port for health and metrics on the loopback address; 0 takes a free one. */
    @WithDefault("0")
    int httpPort();

    /** Joining; nothing of it is needed by a machine that has joined. */
    interface Join {
        /** The gateway's URL, https. */
        Optional<URI> gateway();

        /** File with the gateway's authority (PEM); this or {@link #caHash}. It may come later. */
        Optional<Path> caFile();

        /** Hash of the public key of the gateway's authority: {@code sha256:} and 64 hexadecimal digits. */
        Optional<String> caHash();

        /** File with a bootstrap token or a ServiceAccount token for the enrolment audience. It may come later. */
        Optional<Path> tokenFile();

        /** Labels for the AgentNode, each {@code key=value}. */
        Optional<List<String>> labels();
    }
}
