/**
 * Layers of images as files of Linux. In: archives of strangers. Out: directories that an overlay filesystem is made of, with
 * the images' own user and group ids, and that overlay as the root of one agent. Nothing of an archive is ever made, changed or followed outside of its directory.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.image;

import org.jspecify.annotations.NullMarked;
