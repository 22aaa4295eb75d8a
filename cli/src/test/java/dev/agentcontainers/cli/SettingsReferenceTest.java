package dev.agentcontainers.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the operator and the node agent can be told is what their pages list. */
class SettingsReferenceTest {
    @ParameterizedTest
    @CsvSource({
        "operator, dev.agentcontainers.operator.app.OperatorSettings, agentcontainers.operator.",
        "operator, dev.agentcontainers.operator.app.GatewayConfiguration, agentcontainers.gateway.",
        "operator, dev.agentcontainers.operator.app.EnrolmentConfiguration, agentcontainers.enrolment.",
        "node-agent, dev.agentcontainers.nodeagent.app.NodeConfiguration, agentcontainers.node."
    })
    void thePageOfTheProgramHasEachSetting(String module, Class<?> settings, String prefix) throws IOException {
        String page = Files.readString(Path.of(System.getProperty("project.root"), module, "README.md"));

        assertThat(names(settings, prefix))
                .isNotEmpty()
                .allSatisfy(name -> assertThat(page)
                        .satisfiesAnyOf(
                                text -> assertThat(text).contains("`" + name + "`"),
                                // Another of several in one row.
                                text -> assertThat(text).contains("`" + name.substring(name.lastIndexOf('.')) + "`")));
    }

    private static Stream<String> names(Class<?> type, String prefix) {
        return Arrays.stream(type.getDeclaredMethods())
                .filter(method -> Modifier.isAbstract(method.getModifiers()))
                .flatMap(method -> names(method, prefix + kebab(method.getName())));
    }

    /** A group of settings is an interface beside. */
    private static Stream<String> names(Method method, String name) {
        return method.getReturnType().getPackage() == method.getDeclaringClass().getPackage()
                ? names(method.getReturnType(), name + ".")
                : Stream.of(name);
    }

    private static String kebab(String name) {
        return name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }
}
