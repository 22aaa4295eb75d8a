package dev.agentcontainers.api.generator;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicy;
import dev.agentcontainers.api.v1alpha1.EgressPolicy;
import dev.agentcontainers.api.v1alpha1.IsolationClass;
import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.crdv2.generator.CRDGenerator.CRDOutput;
import io.fabric8.kubernetes.client.CustomResource;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The custom resources and their definitions. */
public final class CustomResources {
    /** Every kind of the API, those that users write first. */
    public static final List<Class<? extends CustomResource<?, ?>>> ALL = List.of(
            AgentContainer.class,
            EgressPolicy.class,
            IsolationClass.class,
            AgentNode.class,
            AgentAssignment.class,
            AgentNodePolicy.class);

    private CustomResources() {}

    /** The definition of each kind as the Java model makes it, by its name ({@code plural.group}). */
    public static Map<String, ObjectNode> definitions() {
        Map<String, ObjectNode> definitions = new LinkedHashMap<>();
        for (Class<? extends CustomResource<?, ?>> kind : ALL) {
            ObjectNode definition = generated(kind);
            new DefinitionRefinement(kind, definition).apply();
            definitions.put(definition.at("/metadata/name").asText(), definition);
        }
        return definitions;
    }

    private static ObjectNode generated(Class<? extends CustomResource<?, ?>> kind) {
        var output = new MemoryOutput();
        new CRDGenerator()
                .forCRDVersions("v1")
                .withOutput(output)
                .customResourceClasses(List.of(kind))
                .detailedGenerate();
        return Yaml.object(output.content.toString(StandardCharsets.UTF_8));
    }

    private static final class MemoryOutput implements CRDOutput<ByteArrayOutputStream> {
        private final ByteArrayOutputStream content = new ByteArrayOutputStream();

        @Override
        public ByteArrayOutputStream outputFor(String name) {
            return content;
        }

        @Override
        public URI crdURI(String name) {
            // Only reported back; the generator wants a file.
            return URI.create("file:///" + name);
        }

        @Override
        public void close() {}
    }
}
