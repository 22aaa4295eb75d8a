/**
 * Images of this machine. In: references, archives and layouts, registries' answers. Out: images in a store that agents run
 * from, and what is there. Runs nothing, and enforces nothing.
 */
@NullMarked
package dev.agentcontainers.cli.image;

import org.jspecify.annotations.NullMarked;
