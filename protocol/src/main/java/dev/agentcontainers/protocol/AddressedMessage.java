package dev.agentcontainers.protocol;

import org.jspecify.annotations.Nullable;

/**
 * What control messages of every version have in common.
 *
 * @param streamId of the stream that it concerns; null where it concerns none
 */
record AddressedMessage(@Nullable String streamId) {}
