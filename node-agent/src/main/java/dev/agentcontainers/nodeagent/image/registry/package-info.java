/**
 * Pulls from registries of the OCI distribution API. In: references, credentials, settings of the node. Out: manifests and
 * streams of content, which whoever asked has to check by their digests. Never writes to a registry or to the disk.
 */
@NullMarked
package dev.agentcontainers.nodeagent.image.registry;

import org.jspecify.annotations.NullMarked;
