package dev.agentcontainers.nodeagent.linux.program;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.nodeagent.linux.landlock.Landlock;
import dev.agentcontainers.nodeagent.linux.program.Assembler.Label;
import dev.agentcontainers.nodeagent.linux.program.RestrictedStart.Rule;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The program as the kernel of this machine executes it, and the other one's code. */
class RestrictedStartTest {
    private static final long ALL = 0x3fff;
    private static final long READING = 0xd;
    private static final int FAILURE = 255;

    @TempDir
    private Path folder;

    private record Ended(int code, String text) {}

    @BeforeEach
    void requireLandlock() throws IOException {
        assumeTrue(Landlock.ofThisKernel() instanceof Landlock.Available, "needs Landlock");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/setpriv")), "needs setpriv");
        Files.createDirectories(folder.resolve("inside/bin/directory"));
        Files.createDirectory(folder.resolve("outside"));
        Files.writeString(folder.resolve("outside/secret"), "of the host\n");
        executable("inside/bin/directory/tool", "#!/bin/sh\necho the later tool\n");
        Files.createDirectory(folder.resolve("inside/bin/tool"));
        executable("inside/bin/unknown", "of no format");
        executable("inside/bin/orphan", "#!/no/such/interpreter\n");
        Files.writeString(folder.resolve("inside/bin/plain"), "#!/bin/sh\n");
    }

    private void executable(String path, String content) throws IOException {
        Files.writeString(folder.resolve(path), content);
        Files.setPosixFilePermissions(folder.resolve(path), PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** Of the machine it may read and execute all but this test's folder, and of that what is inside. */
    private List<Rule> rules() {
        List<Rule> rules = new ArrayList<>();
        for (String path : List.of("/usr", "/bin", "/lib", "/lib64", "/etc", "/proc", "/dev")) {
            if (Files.exists(Path.of(path))) {
                rules.add(new Rule(path, READING));
            }
        }
        rules.add(new Rule(folder.resolve("inside").toString(), ALL));
        return rules;
    }

    private String program(long handled, List<Rule> rules) throws IOException {
        Path file = folder.resolve("start");
        Files.write(file, new RestrictedStart(Machine.current(), handled, rules).bytes());
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
        return file.toString();
    }

    private Ended run(Map<String, String> environment, String... command) throws Exception {
        ProcessBuilder process = new ProcessBuilder(command)
                .directory(folder.resolve("inside").toFile())
                .redirectErrorStream(true);
        process.environment().putAll(environment);
        Process started = process.start();
        String text = new String(started.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ended(started.waitFor(), text);
    }

    private Ended restricted(String... command) throws Exception {
        List<String> whole = new ArrayList<>(List.of("/usr/bin/setpriv", "--no-new-privs", program(ALL, rules())));
        whole.addAll(List.of(command));
        return run(
                Map.of(
                        "PATH",
                        folder.resolve("inside/bin") + ":/none::" + folder.resolve("inside/bin/directory")
                                + ":/usr/bin:/bin"),
                whole.toArray(String[]::new));
    }

    /** As a descriptor of the host's does that a runtime leaves open (CVE-2024-21626). */
    @Test
    void nothingIsOpenedThroughADirectoryFromOutsideThatItWasHanded() throws Exception {
        String handed = "exec 9<" + folder.resolve("outside") + "; exec \"$@\"";
        String program = program(ALL, rules());

        Ended unrestricted = run(Map.of(), "/bin/sh", "-c", handed, "sh", "cat", "/proc/self/fd/9/secret");
        Ended restricted = run(
                Map.of(),
                "/bin/sh",
                "-c",
                handed,
                "sh",
                "/usr/bin/setpriv",
                "--no-new-privs",
                program,
                "cat",
                "/proc/self/fd/9/secret");

        assertThat(unrestricted).isEqualTo(new Ended(0, "of the host\n"));
        assertThat(restricted.text()).contains("Permission denied").doesNotContain("of the host");
    }

    @Test
    void onlyWhatARuleLetsBeWrittenIsWritten() throws Exception {
        Path outside = folder.resolve("outside/new");
        assertThat(restricted("/bin/sh", "-c", "echo x > " + outside).text()).contains("Permission denied");
        assertThat(outside).doesNotExist();
        assertThat(restricted("/bin/sh", "-c", "mkdir a b; echo x > a/f; mv a/f b/f; ln b/f a/g; cat a/g")
                        .text())
                .isEqualTo("x\n");
    }

    @Test
    void theProgramIsAsItWouldHaveBeenWithoutIt() throws Exception {
        Ended seen = restricted(
                "/bin/sh", "-c", "tr '\\0' '|' < /proc/$$/cmdline; echo; pwd; echo \"$0 $ODD\"", "a b", "", "ünï");

        assertThat(seen.text().lines())
                .containsExactly(
                        "/bin/sh|-c|tr '\\0' '|' < /proc/$$/cmdline; echo; pwd; echo \"$0 $ODD\"|a b||ünï|",
                        folder.resolve("inside").toRealPath().toString(),
                        "a b ");
        assertThat(restricted("env").text()).contains("PATH=" + folder.resolve("inside/bin"));
    }

    /** The first that can be executed: a directory of the name is passed over, an empty entry is the working directory. */
    @Test
    void aNameIsLookedForInPath() throws Exception {
        assertThat(restricted("tool")).isEqualTo(new Ended(0, "the later tool\n"));
        executable("inside/here", "#!/bin/sh\necho here\n");
        assertThat(restricted("here")).isEqualTo(new Ended(0, "here\n"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            nope            | executable file `nope` not found in $PATH: No such file or directory
            orphan          | executable file `orphan` not found in $PATH: No such file or directory
            plain           | executable file `plain`: Permission denied
            unknown         | executable file `unknown`: Exec format error
            ''              | executable file `` not found: No such file or directory
            /no/such        | executable file `/no/such` not found: No such file or directory
            /etc/passwd/x   | executable file `/etc/passwd/x` not found: No such file or directory
            /etc/passwd     | executable file `/etc/passwd`: Permission denied
            ./bin           | executable file `./bin`: Permission denied
            bin/unknown     | executable file `bin/unknown`: Exec format error
            """)
    void aProgramThatCantBeExecutedIsNamed(String program, String message) throws Exception {
        assertThat(restricted(program)).isEqualTo(new Ended(FAILURE, message + "\n"));
    }

    @Test
    void aNameOfAnyLengthIsNoWayOut() throws Exception {
        String name = "b".repeat(100_000);
        assertThat(restricted(name)).satisfies(ended -> {
            assertThat(ended.code()).isEqualTo(FAILURE);
            assertThat(ended.text()).startsWith("executable file `bbb").endsWith("No such file or directory\n");
        });
        assertThat(restricted("/" + name).code()).isEqualTo(FAILURE);
    }

    /** Rights that no kernel has, and a path that is not there: it is not started with less than was asked for. */
    @Test
    void whatCanNotBeRestrictedIsNotStarted() throws Exception {
        List<Rule> missing = new ArrayList<>(rules());
        missing.add(new Rule(folder.resolve("missing").toString(), ALL));
        for (String start : List.of(program(1L << 40 | ALL, rules()), program(ALL, missing))) {
            assertThat(run(Map.of(), "/usr/bin/setpriv", "--no-new-privs", start, "echo", "ran"))
                    .isEqualTo(new Ended(
                            FAILURE, "agentcontainers: not started, since Landlock refused to restrict it\n"));
        }
    }

    private static Arguments code(String name, Consumer<Assembler> write, Integer... words) {
        return Arguments.argumentSet(name, write, Arrays.asList(words));
    }

    /** Of the GNU assembler's syntax: add x10, sp, #0; ldr x10, [x9]; str x10, [x9] and so on. */
    static Stream<Arguments> instructionsOfArm() {
        return Stream.of(
                code("stack", arm -> arm.stack(8), 0x910003ea, 0xf900012a),
                code("set", arm -> arm.set(8, 1), 0xf900012a),
                code("copy", arm -> arm.copy(8, 16), 0xf940012a, 0xf900012a),
                code("add", arm -> arm.add(8, -1), 0xf940012a, 0x8b0b014a, 0xf900012a),
                code("loadWord", arm -> arm.loadWord(8, 16), 0xf940012a, 0xf940014a, 0xf900012a),
                code("loadByte", arm -> arm.loadByte(8, 16), 0xf940012a, 0x3940014a, 0xf900012a),
                code("storeByte", arm -> arm.storeByte(8, 16), 0xf940012b, 0xf940012a, 0x3900016a),
                code(
                        "branchIfEqual",
                        arm -> {
                            Label next = new Label();
                            arm.branchIfEqual(8, -2, next);
                            arm.place(next);
                        },
                        0xf940012a,
                        0xcb0b014a,
                        0xb400002a));
    }

    @ParameterizedTest
    @MethodSource("instructionsOfArm")
    void instructionsFor64BitArm(Consumer<Assembler> write, List<Integer> words) {
        Assembler arm = Machine.AARCH64.assembler();
        write.accept(arm);
        ByteBuffer code = ByteBuffer.wrap(arm.code()).order(ByteOrder.LITTLE_ENDIAN);
        List<Integer> found = new ArrayList<>();
        while (code.hasRemaining()) {
            int word = code.getInt();
            boolean loadsValue = (word & 0xff800000) == 0xd2800000 || (word & 0xff800000) == 0xf2800000;
            if (!loadsValue) {
                found.add(word);
            }
        }
        assertThat(found).isEqualTo(words);
    }
}
