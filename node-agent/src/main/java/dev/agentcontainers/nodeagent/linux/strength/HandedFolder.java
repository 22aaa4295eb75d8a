package dev.agentcontainers.nodeagent.linux.strength;

import static dev.agentcontainers.nodeagent.linux.program.CallProgram.value;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.O_PATH;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.O_RDONLY;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.O_WRONLY;

import dev.agentcontainers.nodeagent.linux.program.CallProgram;
import dev.agentcontainers.nodeagent.linux.program.CallProgram.Answer;
import dev.agentcontainers.nodeagent.linux.program.CallProgram.Value;
import dev.agentcontainers.nodeagent.linux.program.Machine;
import dev.agentcontainers.nodeagent.linux.program.SystemCall;
import dev.agentcontainers.nodeagent.linux.strength.TrialSandbox.Outside;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * An attempt past all mounts, which a second fence around files must keep: the sandbox is given a descriptor of a folder of the
 * host, as one that a runtime leaves open would be, with files in it that all may read and write.
 */
record HandedFolder(Bait bait, Path folder) implements Outside {
    static final String PROBE = "folder-handed-in";

    private static final String SOCKET = "/tmp/handed";
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final int AF_UNIX = 1;
    private static final int SOCK_STREAM = 1;
    private static final int CONTROL = 24;

    /** What is asked of the folder, in the order of the program. */
    record Attempt(byte[] program, Answer reached, Answer read, Answer written) {}

    /** Waits to be given the folder, and opens what is in it. */
    Attempt attempt() {
        CallProgram program = new CallProgram(Machine.current());
        Answer listening = program.call(SystemCall.SOCKET, value(AF_UNIX), value(SOCK_STREAM), value(0));
        byte[] address = HostCalls.address(SOCKET);
        program.call(SystemCall.BIND, listening, program.bytes(address), value(address.length));
        program.call(SystemCall.LISTEN, listening, value(1));
        Answer connection = program.call(SystemCall.ACCEPT4, listening, value(0), value(0), value(0));
        // The number that the kernel gives next.
        Answer handed = program.call(SystemCall.DUP, value(0));
        program.call(SystemCall.CLOSE, handed);
        program.call(SystemCall.RECVMSG, connection, message(program), value(0));
        // To know where it leads needs no right.
        Answer reached = open(program, handed, ".", O_PATH);
        Answer read = open(program, handed, Bait.READABLE, O_RDONLY);
        program.print(read);
        Answer written = open(program, handed, Bait.WRITABLE, O_WRONLY);
        program.call(SystemCall.WRITE, written, program.text("x"), value(1));
        return new Attempt(program.waiting(), reached, read, written);
    }

    /** A {@code struct msghdr} with room for a byte and a descriptor. */
    private static Value message(CallProgram program) {
        Value piece = program.longs(program.room(1).value(), 1);
        Value control = program.room(CONTROL);
        return program.longs(0, 0, piece.value(), 1, control.value(), CONTROL, 0);
    }

    private static Answer open(CallProgram program, Answer folder, String name, int flags) {
        return program.call(SystemCall.OPENAT, folder, program.text(name), value(flags), value(0));
    }

    @Override
    public void created(NetworkAttachment network) {
        // It is given the folder while it runs.
    }

    @Override
    public void started(NetworkAttachment network) throws IOException, InterruptedException {
        HostCalls.hand(Path.of("/proc/" + network.pid() + "/root" + SOCKET), folder, PATIENCE);
    }

    Judgement judge(Attempt attempt, Witness witness) throws IOException {
        if (Errors.isError(witness.answer(attempt.reached()))) {
            return Judgement.unknown(
                    "it did not get the folder: " + Errors.describe(witness.answer(attempt.reached())));
        }
        boolean given = bait.givesAwayOpenFile(witness.output());
        boolean changed = bait.isWritten();
        return Judgement.of(
                !given && !changed,
                "a folder of the host that it was handed: a file in it was %s (%s) and %s (%s)"
                        .formatted(
                                given ? "read" : "not read",
                                Errors.describe(witness.answer(attempt.read())),
                                changed ? "written to" : "not written to",
                                Errors.describe(witness.answer(attempt.written()))));
    }
}
