package dev.agentcontainers.nodeagent.linux.oci;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The bundle of a sandbox that is created and waits for its start, for other containers that the runtime alone runs from it.
 *
 * @param record of the sandbox
 */
record BareBundle(OciSettings settings, SandboxFiles files, RunRecord record) {
    private static final ObjectMapper JSON = new ObjectMapper();

    static BareBundle of(OciSettings settings, SandboxFiles files) throws IOException {
        return new BareBundle(settings, files, RunRecord.read(files.record()).orElseThrow());
    }

    /** The process in whose mount namespace everything of it is. */
    long holder() {
        return record.shim().pid();
    }

    /**
     * The same configuration but for the control group, which must be the container's own, and the user namespace: who made that has
     * ended, and the waiting process has it. gVisor's runtime makes its own each time.
     *
     * @return the folder of the container's bundle, as the runtime sees it
     */
    Path write(String name) throws IOException {
        ObjectNode configuration = (ObjectNode)
                JSON.readTree(seen(files.bundle()).resolve("config.json").toFile());
        ((ObjectNode) configuration.get("linux")).put("cgroupsPath", settings.cgroupParent() + "/" + name);
        for (JsonNode namespace : configuration.path("linux").path("namespaces")) {
            if (namespace.path("type").asText().equals("user") && namespace.has("path")) {
                ((ObjectNode) namespace).put("path", "/proc/" + record.agent().pid() + "/ns/user");
            }
        }
        Path bundle = files.bundle().resolve(name);
        Files.createDirectories(seen(bundle));
        JSON.writeValue(seen(bundle).resolve("config.json").toFile(), configuration);
        return bundle;
    }

    /** A path of the sandbox's mount namespace as this process sees it. */
    Path seen(Path path) {
        return SandboxFiles.through(holder(), path);
    }
}
