/**
 * Copies of the Secrets and ConfigMaps that assignments need, in the node's namespace. Reads each by its name when it is
 * needed and holds none of them; never lists or watches Secrets.
 */
@NullMarked
package dev.agentcontainers.operator.references;

import org.jspecify.annotations.NullMarked;
