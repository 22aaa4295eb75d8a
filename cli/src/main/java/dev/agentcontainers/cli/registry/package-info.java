/**
 * How commands are told of registries for images, and of what lets this machine in there. In: flags. Out: settings, or a
 * refusal that names the file. Asks no registry.
 */
@NullMarked
package dev.agentcontainers.cli.registry;

import org.jspecify.annotations.NullMarked;
