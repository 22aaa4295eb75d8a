package dev.agentcontainers.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

class AgentctlTest {
    private static final int COLUMNS = 80;

    static Stream<CommandLine> commands() {
        return all(Agentctl.commandLine("agentctl"));
    }

    private static Stream<CommandLine> all(CommandLine line) {
        return Stream.concat(
                Stream.of(line), line.getSubcommands().values().stream().flatMap(AgentctlTest::all));
    }

    /** What is laid out in columns is not broken by a terminal of the usual width. */
    @ParameterizedTest
    @MethodSource("commands")
    void everyCommandSaysWhatItIsForInLinesThatFit(CommandLine command) {
        List<String> description =
                List.of(command.getCommandSpec().usageMessage().description());
        assertThat(description).as(command.getCommandName()).isNotEmpty();
        assertThat(description.getFirst()).isNotBlank();
        if (!command.getCommandName().equals("generate-completion")) {
            assertThat(description).as(command.getCommandName()).allMatch(line -> line.length() < COLUMNS);
        }
    }

    @Test
    void asAPluginItCallsItselfAsItWasCalled() {
        StringWriter out = new StringWriter();
        CommandLine line = Agentctl.commandLine("kubectl-agent").setOut(new PrintWriter(out));
        assertThat(line.execute("logs", "--help")).isZero();
        assertThat(out.toString()).startsWith("Usage: kubectl agent logs ");
    }

    @Test
    void wrongOptionsAreTwo() {
        CommandLine line = Agentctl.commandLine("agentctl").setErr(new PrintWriter(new StringWriter()));
        assertThat(line.execute("logs", "--since", "yesterday", "name")).isEqualTo(2);
        assertThat(line.execute("node", "token", "--uses", "none")).isEqualTo(2);
        assertThat(line.execute("run", "--dns-upstream", "resolver.example", "--", "true"))
                .isEqualTo(2);
        assertThat(line.execute("node", "join", "--token", "a", "--token-file", "b"))
                .isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({
        "a, b, neither is in an agent",
        "-, b, neither is in an agent",
        "-, -, neither is in an agent",
        "a, -, neither is in an agent",
        "a:x, b:y, agentctl cp a:x - | agentctl cp - b:y",
        "A:x, b, names no agent",
        "a:, b, has no path after the colon",
        "x, a_b:y, names no agent",
        "one/a:x, b, --namespace is two, and one/a is in another"
    })
    void copiesBetweenWrongPlacesAreRefusedBeforeAnythingIsAsked(String source, String target, String message) {
        StringWriter errors = new StringWriter();
        CommandLine line = Agentctl.commandLine("agentctl").setErr(new PrintWriter(errors));
        assertThat(line.execute("cp", "-n", "two", source, target)).isEqualTo(2);
        assertThat(errors.toString()).startsWith("agentctl: cp: ").contains(message);
        assertThat(line.execute("cp", source)).isEqualTo(2);
    }
}
