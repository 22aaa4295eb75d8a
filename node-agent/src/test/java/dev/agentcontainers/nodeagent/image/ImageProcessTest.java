package dev.agentcontainers.nodeagent.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageProcessTest {
    private static ImageConfiguration image(List<String> entrypoint, List<String> arguments, String directory) {
        return new ImageConfiguration(
                new ImagePlatform("linux", "amd64", ""),
                List.of(),
                entrypoint,
                arguments,
                List.of("A=1", "B=2=3", "broken", "=x"),
                directory,
                "me");
    }

    private static ImageProcess of(ImageConfiguration image, List<String> command, List<String> arguments)
            throws ImageException {
        return ImageProcess.of(image, command, arguments, Map.of("A", "mine"), Optional.empty());
    }

    /** The table of the Kubernetes documentation, "Define a Command and Arguments for a Container". */
    @Test
    void commandAndArgumentsReplaceTheImagesAsInKubernetes() throws ImageException {
        ImageConfiguration image = image(List.of("/ep"), List.of("foo", "bar"), "");

        assertThat(of(image, List.of(), List.of()).command()).containsExactly("/ep", "foo", "bar");
        assertThat(of(image, List.of("/cmd"), List.of()).command()).containsExactly("/cmd");
        assertThat(of(image, List.of(), List.of("zoo")).command()).containsExactly("/ep", "zoo");
        assertThat(of(image, List.of("/cmd"), List.of("zoo")).command()).containsExactly("/cmd", "zoo");
        assertThat(of(image(List.of(), List.of("/only"), ""), List.of(), List.of())
                        .command())
                .containsExactly("/only");
        assertThatThrownBy(() -> of(image(List.of(), List.of(), ""), List.of(), List.of()))
                .hasMessageContaining("set spec.command");
    }

    @Test
    void theImagesEnvironmentIsBelowTheAgents() throws ImageException {
        assertThat(of(image(List.of("/x"), List.of(), ""), List.of(), List.of()).environment())
                .isEqualTo(Map.of("A", "mine", "B", "2=3"));
    }

    @ParameterizedTest
    @CsvSource({"'',/", "/w/,/w", "w/x,/w/x", "/a/../../b/./c,/b/c"})
    void theWorkingDirectoryIsAbsolute(String written, String directory) throws ImageException {
        ImageConfiguration image = image(List.of("/x"), List.of(), written);

        assertThat(of(image, List.of(), List.of()).workingDirectory()).isEqualTo(directory);
        assertThat(ImageProcess.of(image, List.of(), List.of(), Map.of(), Optional.of("/mine"))
                        .workingDirectory())
                .isEqualTo("/mine");
    }
}
