/**
 * What a machine needs before it can run agents. In: the machine. Out: the packages that were missing, installed as
 * root on a Debian-like system, else named in the error. Installs nothing that was not asked for.
 */
@NullMarked
package dev.agentcontainers.cli.prerequisite;

import org.jspecify.annotations.NullMarked;
