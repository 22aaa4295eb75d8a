/**
 * The images that a machine has. In: sources of images and what unpacks a layer. Out: unpacked layers that are what the
 * image's digests say, shared by all agents, and kept as long as an image or an agent needs them. What has its own name on
 * the disk is complete and was checked, after a crash at any point too.
 */
@NullMarked
package dev.agentcontainers.nodeagent.image.store;

import org.jspecify.annotations.NullMarked;
