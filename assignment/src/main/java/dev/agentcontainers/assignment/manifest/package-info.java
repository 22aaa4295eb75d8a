/**
 * Reads and checks manifests where there is no API server to do it. In: YAML. Out: objects of the API with the schema's
 * defaults, or every problem with its field. The schemas are the CustomResourceDefinitions themselves.
 */
@NullMarked
package dev.agentcontainers.assignment.manifest;

import org.jspecify.annotations.NullMarked;
