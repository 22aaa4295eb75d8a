/**
 * Where agents' writable files are. In: a sandbox's directory, its limit. Out: directories to mount as workspaces, on a
 * filesystem of the limit's size where there is one. Never degrades a limit that it can't enforce.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.storage;

import org.jspecify.annotations.NullMarked;
