package dev.agentcontainers.nodeagent.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import dev.agentcontainers.api.v1alpha1.ImageSyntax;
import java.io.IOException;
import java.nio.file.Path;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the API takes for an image is one for what pulls it. */
@NullUnmarked
class ImageSyntaxTest {
    /** The tables that the API's own tests put to a real API server. */
    private static final Path TABLES = Path.of("../crds/src/test/resources/dev/agentcontainers/api/manifests");

    private static final Pattern SYNTAX = Pattern.compile(ImageSyntax.REFERENCE);

    private static Stream<JsonNode> table(String name) throws IOException {
        return new ObjectMapper(new YAMLFactory())
                .readTree(TABLES.resolve(name).toFile())
                .valueStream();
    }

    static Stream<String> taken() throws IOException {
        return table("images.yaml").map(JsonNode::asText);
    }

    @ParameterizedTest
    @MethodSource("taken")
    void isReadWhereTheApiTakesIt(String image) {
        assertThat(SYNTAX.matcher(image).matches()).isTrue();
        assertThat(ImageReference.parse(ImageReference.parse(image).toString())).isEqualTo(ImageReference.parse(image));
    }

    static Stream<String> refused() throws IOException {
        return table("bad-manifests.yaml")
                .map(entry -> entry.path("patch").path("spec").path("image"))
                .filter(image ->
                        image.isTextual() && !SYNTAX.matcher(image.asText()).matches())
                .map(JsonNode::asText);
    }

    @ParameterizedTest
    @MethodSource("refused")
    @ValueSource(strings = {"my_registry.example.org/a", "foo./a", "foo.bar:/a", "[::1/a", "a//b", "/a", "a/", "A"})
    void isNotReadWhereTheApiRefusesIt(String image) {
        assertThat(SYNTAX.matcher(image).matches()).isFalse();
        assertThatThrownBy(() -> ImageReference.parse(image))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("image reference '");
    }
}
