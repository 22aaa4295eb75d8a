package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.nio.file.Path;

/** Where the things of one sandbox are. */
record SandboxFiles(OciSettings settings, SandboxId id) {
    static Path sandboxes(OciSettings settings) {
        return settings.stateDirectory().resolve("sandboxes");
    }

    Path directory() {
        return sandboxes(settings).resolve(id.value());
    }

    Path log() {
        return directory().resolve("agent.log");
    }

    /** Exists while a run exists. Holds no secret. */
    Path run() {
        return directory().resolve("run");
    }

    /** Written by the shim when the agent has ended: its exit code. */
    Path exit() {
        return run().resolve("exit");
    }

    /** Written by the shim when the kernel killed something for the memory limit. */
    Path outOfMemory() {
        return run().resolve("oom");
    }

    /** There where the sandbox has a virtual machine. */
    Path inMachine() {
        return run().resolve("in-machine");
    }

    Path pid() {
        return run().resolve("pid");
    }

    Path shimPid() {
        return run().resolve("shim.pid");
    }

    /** Exists when creation is complete. */
    Path record() {
        return run().resolve("record.json");
    }

    Path started() {
        return run().resolve("started");
    }

    /** The runtime directory of the agent's session, where it has one. */
    Path session() {
        return run().resolve("session");
    }

    /** The size of its display, where it has one. */
    Path display() {
        return run().resolve("display");
    }

    /** There while gVisor is told to start, and where nobody knows whether it has. */
    Path starting() {
        return run().resolve("starting");
    }

    /** There where gVisor has said that it does not start it, and nothing of the agent has run, nor will. */
    Path refused() {
        return run().resolve("refused");
    }

    /** In the host's mount namespace an empty directory; in the sandbox's what follows. */
    Path privateMount() {
        return settings.runDirectory().resolve("private");
    }

    Path bundle() {
        return privateMount().resolve("bundle");
    }

    Path root() {
        return privateMount().resolve("root");
    }

    /** Where the layers of an image are mounted one by one. */
    Path layers() {
        return privateMount().resolve("layers");
    }

    /** Where the layers of images that are mounted in the agent are mounted one by one. */
    Path volumes() {
        return privateMount().resolve("volumes");
    }

    /** The root of what runs a virtual machine, in which the agent's own is a folder. */
    Path jail() {
        return privateMount().resolve("jail");
    }

    /** Files of devices. */
    Path devices() {
        return privateMount().resolve("devices");
    }

    /** What the sandbox's virtual machine was made with. */
    Path machine() {
        return bundle().resolve("machine.json");
    }

    Path runtimeState() {
        return privateMount().resolve("runtime");
    }

    Path storage() {
        return privateMount().resolve("storage");
    }

    /** What the runtime removes when the agent starts. */
    Path startGate() {
        return runtimeState().resolve(id.value()).resolve("exec.fifo");
    }

    /** What runsc writes of its container. Source: gVisor, runsc/container/state_file.go. */
    Path gvisorState() {
        return runtimeState().resolve(id.value() + "_sandbox:" + id.value() + ".state");
    }

    /** A path of the sandbox's mount namespace as it is seen from the host's, by way of the shim that lives there. */
    static Path through(long shimPid, Path path) {
        return Path.of("/proc/" + shimPid + "/root" + path);
    }
}
