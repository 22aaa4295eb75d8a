@NullUnmarked
package dev.agentcontainers.cli.image;

import org.jspecify.annotations.NullUnmarked;
