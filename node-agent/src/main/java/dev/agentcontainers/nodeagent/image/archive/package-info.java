/**
 * Images in files: OCI layouts, as directories or archives, and what {@code docker save} writes. In: a file of a stranger and
 * a directory for its parts. Out: the images in it, as sources. Believes no name and no size of the archive.
 */
@NullMarked
package dev.agentcontainers.nodeagent.image.archive;

import org.jspecify.annotations.NullMarked;
