package dev.agentcontainers.nodeagent.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SettingsReferenceTest {
    @Test
    void theReadmeHasEachSetting() throws IOException {
        String readme = Files.readString(Path.of("README.md"));

        assertThat(names(NodeConfiguration.class, "agentcontainers.node."))
                .isNotEmpty()
                .allSatisfy(name -> assertThat(readme)
                        .satisfiesAnyOf(
                                text -> assertThat(text).contains("`" + name + "`"),
                                // The second of two in one row.
                                text -> assertThat(text).contains("`" + name.substring(name.lastIndexOf('.')) + "`")));
    }

    private static Stream<String> names(Class<?> type, String prefix) {
        return Arrays.stream(type.getDeclaredMethods())
                .filter(method -> Modifier.isAbstract(method.getModifiers()))
                .flatMap(method -> names(method, prefix + kebab(method.getName())));
    }

    private static Stream<String> names(Method method, String name) {
        return method.getReturnType().getPackage() == NodeConfiguration.class.getPackage()
                ? names(method.getReturnType(), name + ".")
                : Stream.of(name);
    }

    private static String kebab(String name) {
        return name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }
}
