/**
 * Tests of the images and bills of materials. In: what -Pimages and the phase package made. Out: what they
 * promise, checked. Never pulls or pushes.
 */
package dev.agentcontainers.cli.image;
