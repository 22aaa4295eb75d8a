/** How commands are told of registries for images. In: a flag. Out: settings, or a refusal that names the file. */
@NullMarked
package dev.agentcontainers.cli.registry;

import org.jspecify.annotations.NullMarked;
