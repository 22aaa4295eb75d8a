package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.rootfs.DeviceFiles.Device;
import java.nio.file.Path;

/**
 * A device that everything in a sandbox may use, as its owner.
 *
 * @param source its file in the sandbox's mount namespace, on a filesystem where files may be devices
 * @param path its path in the sandbox's root
 */
record GivenDevice(Device device, Path source, String path) {}
