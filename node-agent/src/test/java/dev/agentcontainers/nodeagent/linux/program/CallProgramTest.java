package dev.agentcontainers.nodeagent.linux.program;

import static dev.agentcontainers.nodeagent.linux.program.CallProgram.value;
import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.linux.program.CallProgram.Answer;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Programs as the kernel of this machine executes them, and the code of the other one's. */
class CallProgramTest {
    private static final int AT_FDCWD = -100;
    private static final long ENOENT = -2;
    private static final long EBADF = -9;

    @TempDir
    private Path folder;

    private Process start(byte[] program) throws IOException {
        Path file = Files.write(Files.createTempFile(folder, "program", ""), program);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
        return new ProcessBuilder(file.toString()).start();
    }

    private static String outputOf(Process process) throws IOException {
        StringBuilder output = new StringBuilder();
        try (BufferedReader reader = process.inputReader(StandardCharsets.US_ASCII)) {
            String line;
            do {
                line = reader.readLine();
                output.append(line).append('\n');
            } while (line != null && !line.equals(CallProgram.END));
        } finally {
            process.destroyForcibly();
        }
        return output.toString();
    }

    @Test
    void itPrintsWhatTheKernelAnsweredAndWhatItRead() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "a word");
        CallProgram program = new CallProgram(Machine.current());
        Answer opened =
                program.call(SystemCall.OPENAT, value(AT_FDCWD), program.text(file.toString()), value(0), value(0));
        program.print(opened);
        program.call(SystemCall.OPENAT, value(AT_FDCWD), program.text("/none"), value(0), value(0));
        program.repeat(3, SystemCall.DUP, opened);
        Process process = start(program.waiting());
        assertThat(outputOf(process)).isEqualTo("""
                a word
                answers
                0000000000000003
                0000000000000006
                %016x
                0000000000000006
                end
                """.formatted(ENOENT));
    }

    @Test
    void aRepetitionEndsWithTheFirstFailure() throws Exception {
        CallProgram program = new CallProgram(Machine.current());
        program.repeat(1_000_000_000, SystemCall.DUP, value(77));
        assertThat(outputOf(start(program.waiting()))).contains("%016x".formatted(EBADF));
    }

    @Test
    void whatIsRequiredEndsIt() throws Exception {
        CallProgram failing = new CallProgram(Machine.current());
        failing.require(SystemCall.OPENAT, value(AT_FDCWD), failing.text("/none"), value(0), value(0));
        assertThat(start(failing.ending()).waitFor()).isEqualTo(1);
        assertThat(start(new CallProgram(Machine.current()).ending()).waitFor()).isZero();
    }

    /** exit_group(0): mov x0, 0; mov x8, 94; svc 0, each number in four pieces. */
    @Test
    void programsFor64BitArmBeginWithItsInstructions() {
        ByteBuffer file =
                ByteBuffer.wrap(new CallProgram(Machine.AARCH64).ending()).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(file.getShort(18)).as("machine").isEqualTo((short) 183);
        int start = (int) (file.getLong(24) - file.getLong(64 + 16));
        List<Integer> words = new ArrayList<>();
        for (int at = start; words.size() < 9; at += Integer.BYTES) {
            words.add(file.getInt(at));
        }
        assertThat(words)
                .containsExactly(
                        0xd2800000,
                        0xf2a00000,
                        0xf2c00000,
                        0xf2e00000,
                        0xd2800000 | 94 << 5 | 8,
                        0xf2a00008,
                        0xf2c00008,
                        0xf2e00008,
                        0xd4000001);
    }
}
