package dev.agentcontainers.cli.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.cli.fleet.Programs;
import dev.agentcontainers.cli.terminal.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** What of the socket for users without root is asked for, kept and passed to the node agent. */
class NodeInstallationTest {
    private static final UsersSocket KEPT = new UsersSocket(Path.of("/run/kept.sock"), "staff", 30);

    @TempDir
    private Path folder;

    static Stream<Arguments> requests() {
        return Stream.of(
                Arguments.of("", Optional.empty(), Optional.empty()),
                Arguments.of(
                        "--local-socket",
                        Optional.empty(),
                        socket("/run/agentcontainers/node.sock", "agentcontainers", 20)),
                Arguments.of(
                        "--local-socket=/run/a.sock --local-group=staff --local-share=50",
                        Optional.empty(),
                        socket("/run/a.sock", "staff", 50)),
                Arguments.of(
                        "--local-socket /run/a.sock", Optional.empty(), socket("/run/a.sock", "agentcontainers", 20)),
                Arguments.of("", Optional.of(KEPT), Optional.of(KEPT)),
                Arguments.of("--local-share=40", Optional.of(KEPT), socket("/run/kept.sock", "staff", 40)),
                Arguments.of("--local-socket=/run/b.sock", Optional.of(KEPT), socket("/run/b.sock", "staff", 30)),
                Arguments.of("--local-socket=none", Optional.of(KEPT), Optional.empty()));
    }

    private static Optional<UsersSocket> socket(String path, String group, int share) {
        return Optional.of(new UsersSocket(Path.of(path), group, share));
    }

    @ParameterizedTest(name = "''{0}'' where there is {1}")
    @MethodSource("requests")
    void asksForASocket(String options, Optional<UsersSocket> before, Optional<UsersSocket> expected) {
        assertThat(parse(options).apply(before)).isEqualTo(expected);
    }

    static Stream<Arguments> mistakes() {
        return Stream.of(
                Arguments.of("--local-share=10", "--local-share is given, but no socket: add --local-socket"),
                Arguments.of("--local-group=staff", "--local-group is given, but no socket: add --local-socket"),
                Arguments.of("--local-socket=none --local-share=10", "--local-share is given, but no socket"),
                Arguments.of("--local-socket --local-share=0", "--local-share is 0: it must be 1 to 99"),
                Arguments.of("--local-socket --local-share=100", "--local-share is 100: it must be 1 to 99"),
                Arguments.of("--local-socket=/" + "a".repeat(103), "a socket's path may have 103 bytes"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("mistakes")
    void saysWhatIsWrong(String options, String message) {
        UsersSocketOptions parsed = parse(options);
        assertThatThrownBy(() -> parsed.apply(Optional.empty()))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(message)
                .returns(2, refused -> ((UserException) refused).exitCode());
    }

    @Test
    void aGroupThatIsNotThereIsNamedWithItsCommand() {
        assertThatThrownBy(new UsersSocket(Path.of("/run/a.sock"), "no-such-group", 20)::requireGroup)
                .isInstanceOf(UserException.class)
                .hasMessageContaining("there is no group no-such-group, whose members may use /run/a.sock")
                .hasMessageContaining("groupadd --system no-such-group");
        new UsersSocket(Path.of("/run/a.sock"), "root", 20).requireGroup();
    }

    @ParameterizedTest
    @MethodSource("kept")
    void isKeptInItsFolder(Optional<UsersSocket> socket) {
        NodeInstallation installation = installation(socket);
        installation.save();
        assertThat(NodeInstallation.load(folder)).contains(installation);
    }

    static Stream<Optional<UsersSocket>> kept() {
        return Stream.of(Optional.empty(), Optional.of(KEPT));
    }

    @Test
    void tellsTheNodeAgentOfItsService() throws IOException {
        Path target = Files.createDirectories(folder.resolve("programs/node-agent/target/lib"));
        Files.writeString(target.resolveSibling("node-agent-runner.jar"), "");
        Programs programs = new Programs(folder.resolve("programs"), Path.of("/usr/bin/java"));

        assertThat(installation(Optional.empty()).command(programs)).noneMatch(word -> word.contains("local-"));
        assertThat(NodeUnit.text(installation(Optional.of(KEPT)).command(programs))
                        .lines())
                .filteredOn(line -> line.startsWith("ExecStart="))
                .singleElement()
                .asString()
                .contains(
                        " -Dagentcontainers.node.local-socket=/run/kept.sock ",
                        " -Dagentcontainers.node.local-group=staff ",
                        " -Dagentcontainers.node.local-share=30 ");
    }

    private NodeInstallation installation(Optional<UsersSocket> socket) {
        return new NodeInstallation("worker", folder, Path.of("/run/worker"), 1_000_000_000L, socket);
    }

    private static UsersSocketOptions parse(String options) {
        UsersSocketOptions parsed = new UsersSocketOptions();
        new CommandLine(CommandLine.Model.CommandSpec.create()
                        .addMixin("options", CommandLine.Model.CommandSpec.forAnnotatedObject(parsed)))
                .parseArgs(options.isEmpty() ? new String[0] : options.split(" ", -1));
        return parsed;
    }
}
