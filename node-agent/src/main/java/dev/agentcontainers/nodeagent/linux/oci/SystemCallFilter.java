package dev.agentcontainers.nodeagent.linux.oci;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/**
 * The seccomp profile of agents, {@code seccomp.json}: an allow-list. Derived from the default of the container engines
 * (github.com/containers/common/pkg/seccomp, Apache-2.0) and narrower: no namespaces, no mounts, no ptrace, no
 * io_uring, no keyrings, no foreign architectures, and only sockets of the families unix, IPv4, IPv6 and the routing
 * netlink. Calls that it does not know answer ENOSYS, so that programs fall back; those that it denies answer EPERM.
 */
final class SystemCallFilter {
    /** The part of a mode that says of which kind a file is, and kinds that lead to nothing of the kernel's. Source: inode(7). */
    private static final int KIND = 0170000;

    private static final int[] NO_DEVICES = {0010000, 0140000, 0100000};

    private static final int EPERM = 1;
    private static final int ENOSYS = 38;

    private SystemCallFilter() {}

    /** In the form of the OCI runtime specification, for this machine's architecture only. */
    static JsonNode oci() {
        try (InputStream resource = SystemCallFilter.class.getResourceAsStream("seccomp.json")) {
            if (resource == null) {
                throw new IllegalStateException("seccomp.json is missing from this build");
            }
            ObjectNode profile = (ObjectNode) new ObjectMapper().readTree(resource);
            profile.putArray("architectures").add(architecture());
            return profile;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The same for gVisor, whose kernel applies it. It knows no number for an error but EPERM; of the calls that are to
     * answer ENOSYS a tracer would have to be asked, and where there is none, as always here (ptrace is denied), the answer
     * is ENOSYS. Source: gVisor, runsc/specutils/seccomp and pkg/sentry/kernel/seccomp.go; seccomp(2), SECCOMP_RET_TRACE.
     */
    static JsonNode gvisor() {
        ObjectNode profile = (ObjectNode) oci();
        askTracerWhereUnknown(profile, "defaultAction", "defaultErrnoRet");
        for (JsonNode rule : profile.required("syscalls")) {
            askTracerWhereUnknown((ObjectNode) rule, "action", "errnoRet");
        }
        return profile;
    }

    /**
     * The same for what is around a virtual machine, with one call more: what serves the machine's files makes pipes and sockets
     * by name, and plain files, by mknodat. None of them is a device, and none leads anywhere until somebody opens or binds it:
     * to write files and bind sockets agents are let in any case.
     */
    static JsonNode microVm() {
        ObjectNode profile = (ObjectNode) oci();
        ArrayNode rules = (ArrayNode) profile.required("syscalls");
        for (JsonNode rule : rules) {
            ArrayNode names = (ArrayNode) rule.required("names");
            for (int i = names.size() - 1; i >= 0; i--) {
                if (names.get(i).asText().equals("mknodat")) {
                    names.remove(i);
                }
            }
        }
        for (int kind : NO_DEVICES) {
            ObjectNode rule = rules.addObject();
            rule.putArray("names").add("mknodat");
            rule.put("action", "SCMP_ACT_ALLOW");
            rule.putArray("args")
                    .addObject()
                    .put("index", 2)
                    .put("value", KIND)
                    .put("valueTwo", kind)
                    .put("op", "SCMP_CMP_MASKED_EQ");
        }
        return profile;
    }

    private static void askTracerWhereUnknown(ObjectNode rule, String action, String errno) {
        if (rule.path(action).asText().equals("SCMP_ACT_ERRNO")) {
            int answer = rule.path(errno).asInt(EPERM);
            if (answer == ENOSYS) {
                rule.put(action, "SCMP_ACT_TRACE");
            } else if (answer != EPERM) {
                throw new IllegalStateException("gVisor's filter can't answer with the error " + answer);
            }
        }
        rule.remove(errno);
    }

    private static String architecture() {
        return switch (System.getProperty("os.arch")) {
            case "amd64", "x86_64" -> "SCMP_ARCH_X86_64";
            case "aarch64" -> "SCMP_ARCH_AARCH64";
            case String other -> throw new IllegalStateException("no system call filter for the architecture " + other);
        };
    }
}
