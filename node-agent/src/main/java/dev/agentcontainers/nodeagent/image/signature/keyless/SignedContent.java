package dev.agentcontainers.nodeagent.image.signature.keyless;

import java.util.Optional;

/**
 * What was signed, and the signature.
 *
 * @param message the signed bytes
 * @param payload of an envelope (DSSE), of which the message is an encoding; empty where it is the message itself
 */
public record SignedContent(byte[] message, byte[] signature, Optional<byte[]> payload) {}
