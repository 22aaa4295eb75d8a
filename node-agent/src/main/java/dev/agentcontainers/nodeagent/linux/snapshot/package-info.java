/**
 * Archives of what agents keep on the disk. In: directories that an agent has filled, or an archive that anybody has made. Out:
 * an archive, or directories. Trusts neither, leaves no directory by any name or link, and starts no program.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.snapshot;

import org.jspecify.annotations.NullMarked;
