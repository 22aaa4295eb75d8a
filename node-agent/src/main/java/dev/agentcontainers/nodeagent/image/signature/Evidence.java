package dev.agentcontainers.nodeagent.image.signature;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Optional;

/** One signature with all that it takes to verify it. Whoever made it is not known before it is verified. */
public sealed interface Evidence {
    /**
     * As cosign has it under a tag. Source: github.com/sigstore/cosign, specs/SIGNATURE_SPEC.md.
     *
     * @param payload the signed bytes, JSON
     */
    record SimpleSigning(byte[] payload, byte[] signature) implements Evidence {}

    /**
     * The same with what is beside a signature that was made without a key of one's own.
     *
     * @param annotations JSON, of the signature's annotations those that {@link Verification} looks at; not signed themselves
     */
    record KeylessSigning(byte[] payload, byte[] signature, byte[] annotations) implements Evidence {}

    /**
     * A bundle as an artifact that refers to the image. Source: github.com/sigstore/protobuf-specs, sigstore_bundle.proto.
     *
     * @param document JSON, not signed itself
     */
    record Bundle(byte[] document) implements Evidence {}

    /** As it is kept in the store of images. */
    default byte[] stored() {
        ObjectNode fields = JsonNodeFactory.instance.objectNode();
        switch (this) {
            case SimpleSigning(byte[] payload, byte[] signature) ->
                fields.put("payload", payload).put("signature", signature);
            case KeylessSigning(byte[] payload, byte[] signature, byte[] annotations) ->
                fields.put("payload", payload).put("signature", signature).put("annotations", annotations);
            case Bundle(byte[] document) -> fields.put("bundle", document);
        }
        try {
            return new ObjectMapper().writeValueAsBytes(fields);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("bytes can't be written as JSON", e);
        }
    }

    /** Empty where it is nothing that {@link #stored} made. */
    static Optional<Evidence> restored(byte[] stored) {
        try {
            JsonNode fields = new ObjectMapper().readTree(stored);
            if (fields.hasNonNull("bundle")) {
                return Optional.of(new Bundle(fields.get("bundle").binaryValue()));
            }
            if (!fields.hasNonNull("payload") || !fields.hasNonNull("signature")) {
                return Optional.empty();
            }
            byte[] payload = fields.get("payload").binaryValue();
            byte[] signature = fields.get("signature").binaryValue();
            return Optional.of(
                    fields.hasNonNull("annotations")
                            ? new KeylessSigning(
                                    payload,
                                    signature,
                                    fields.get("annotations").binaryValue())
                            : new SimpleSigning(payload, signature));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
