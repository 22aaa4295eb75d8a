/**
 * Where agents' writable files are, and on which disks files are. In: a sandbox's directory, its limit; paths. Out: directories to
 * mount as workspaces, on a filesystem of the limit's size where there is one; disks. Never degrades a limit that it can't enforce.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.storage;

import org.jspecify.annotations.NullMarked;
