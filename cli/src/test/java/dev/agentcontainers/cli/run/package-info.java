/** Standalone runs, on the real machine where they need it. */
@NullUnmarked
package dev.agentcontainers.cli.run;

import org.jspecify.annotations.NullUnmarked;
