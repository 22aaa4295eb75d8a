package dev.agentcontainers.assignment.manifest;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** Checks single objects as an API server would at their creation. Used by one thread. */
public final class ObjectCheck {
    private final Schemas schemas = new Schemas();

    /**
     * The object with its defaults filled in; as it was where its kind is none of a standalone run's.
     *
     * @param origin how messages call where it stands, a file's name for example
     */
    public ObjectNode checked(String origin, ObjectNode object) throws InvalidManifestException {
        StructuralSchema schema = schemas.of(
                        object.path("apiVersion").asText(), object.path("kind").asText())
                .orElse(null);
        return schema == null ? object : checked(schema, origin, object);
    }

    static ObjectNode checked(StructuralSchema schema, String origin, ObjectNode object)
            throws InvalidManifestException {
        String name = object.path("kind").asText() + " "
                + object.path("metadata").path("name").asText("without a name");
        ObjectNode checked = object.deepCopy();
        if (!checked.path("metadata").isObject()) {
            throw new InvalidManifestException(
                    origin + ": " + name, List.of(new Problem("metadata.name", "Required value")));
        }
        schema.fillIn(checked);
        List<Problem> problems = schema.check(checked);
        if (!problems.isEmpty()) {
            throw new InvalidManifestException(origin + ": " + name, problems);
        }
        return checked;
    }
}
