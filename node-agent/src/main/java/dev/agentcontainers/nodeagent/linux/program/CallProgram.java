package dev.agentcontainers.nodeagent.linux.program;

import dev.agentcontainers.nodeagent.linux.program.Assembler.Label;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A program of system calls, one after the other. Not thread-safe. */
public final class CallProgram {
    public static final String ANSWERS = "answers";
    public static final String END = "end";

    private static final int DIGITS = 16;
    private static final int MOST_ANSWERS = 512;
    private static final int BUFFER = 4096;
    private static final int MOST_DATA = 1 << 14;
    private static final long STANDARD_OUTPUT = 1;

    /** Behind the data, which grow while the program is written. */
    private static final long ROOM = Executable.DATA + MOST_DATA;

    private static final long SLOTS = ROOM;
    private static final long FREE = SLOTS + (long) MOST_ANSWERS * Long.BYTES;

    /** Of calls that nobody asks for the answer of. */
    private static final Answer UNUSED = new Answer(MOST_ANSWERS - 1);

    private final Machine machine;
    private final Assembler code;
    private final Data data = new Data();
    private final long digits;
    private final Label failure = new Label();
    private final List<Answer> answers = new ArrayList<>();
    private long free = FREE;

    /** What a call is given. */
    public sealed interface Argument {}

    /** A number, or the address of data. */
    public record Value(long value) implements Argument {}

    /** What an earlier call answered: less than 0, but not less than -4095, for an error. */
    public record Answer(int index) implements Argument {
        private long address() {
            return SLOTS + (long) index * Long.BYTES;
        }
    }

    public CallProgram(Machine machine) {
        this.machine = machine;
        this.code = machine.assembler();
        this.digits = text("0123456789abcdef").value();
    }

    public static Value value(long value) {
        return new Value(value);
    }

    /** The address of these characters, with a zero behind them. */
    public Value text(String text) {
        return bytes(Data.terminated(text));
    }

    /** The address of these bytes. */
    public Value bytes(byte[] bytes) {
        long address = data.bytes(bytes);
        if (data.size() > MOST_DATA) {
            throw new IllegalStateException("a program holds at most " + MOST_DATA + " bytes of data");
        }
        return new Value(address);
    }

    /** The address of these numbers of 32 bits, as both machines have them. */
    public Value ints(int... numbers) {
        ByteBuffer bytes = ByteBuffer.allocate(numbers.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int number : numbers) {
            bytes.putInt(number);
        }
        return bytes(bytes.array());
    }

    /** The address of these numbers of 64 bits. */
    public Value longs(long... numbers) {
        ByteBuffer bytes = ByteBuffer.allocate(numbers.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (long number : numbers) {
            bytes.putLong(number);
        }
        return bytes(bytes.array());
    }

    /** The address of so many bytes that the program may write to. */
    public Value room(int bytes) {
        long address = free;
        free += (bytes + Long.BYTES - 1) / Long.BYTES * Long.BYTES;
        return new Value(address);
    }

    public Answer call(SystemCall call, Argument... arguments) {
        Answer answer = new Answer(answers.size());
        if (answer.equals(UNUSED)) {
            throw new IllegalStateException("a program makes at most " + UNUSED.index() + " calls");
        }
        answers.add(answer);
        emit(call, answer, arguments);
        return answer;
    }

    /** A call without which the rest makes no sense: where it fails the program ends with code 1. */
    public void require(SystemCall call, Argument... arguments) {
        call(call, arguments);
        code.branchIfFailed(failure);
    }

    private void emit(SystemCall call, Answer answer, Argument... arguments) {
        for (int i = 0; i < arguments.length; i++) {
            switch (arguments[i]) {
                case Value(long value) -> code.argument(i, value);
                case Answer earlier -> code.argumentAt(i, earlier.address());
            }
        }
        code.call(call.number(machine), answer.address());
    }

    /** Prints what can be read from what a call opened, up to 4096 bytes; the answer is that of reading. */
    public Answer print(Answer descriptor) {
        Value buffer = room(BUFFER);
        Answer read = call(SystemCall.READ, descriptor, buffer, value(BUFFER));
        Label failed = new Label();
        code.branchIfFailed(failed);
        emit(SystemCall.WRITE, UNUSED, value(STANDARD_OUTPUT), buffer, read);
        code.place(failed);
        return read;
    }

    /** Repeats a call until it fails, at most so many times; the answer is that of the last. */
    public Answer repeat(long times, SystemCall call, Argument... arguments) {
        code.count(times);
        Label next = new Label();
        Label failed = new Label();
        code.place(next);
        Answer answer = call(call, arguments);
        code.branchIfFailed(failed);
        code.branchWhileCounting(next);
        code.place(failed);
        return answer;
    }

    /** Repeats two calls until one fails, at most so many times; the answer is that of the first. */
    public Answer repeatBoth(
            long times, SystemCall first, Argument[] firstArguments, SystemCall second, Argument[] secondArguments) {
        code.count(times);
        Label next = new Label();
        Label failed = new Label();
        code.place(next);
        Answer answer = call(first, firstArguments);
        code.branchIfFailed(failed);
        call(second, secondArguments);
        code.branchIfFailed(failed);
        code.branchWhileCounting(next);
        code.place(failed);
        return answer;
    }

    /** Forks until that fails, at most so many times; the children wait for ever. The answer is that of the last. */
    public Answer forks(long times) {
        int child = 17;
        code.count(times);
        Label next = new Label();
        Label children = new Label();
        Label done = new Label();
        code.place(next);
        Answer answer = call(SystemCall.CLONE, value(child), value(0), value(0), value(0), value(0));
        code.branchIfZero(children);
        code.branchIfFailed(done);
        code.branchWhileCounting(next);
        code.branch(done);
        code.place(children);
        pause();
        code.place(done);
        return answer;
    }

    private void pause() {
        Label again = new Label();
        code.place(again);
        emit(SystemCall.PPOLL, UNUSED, value(0), value(0), value(0), value(0), value(0));
        code.branch(again);
    }

    /**
     * The executable file, which prints the answers at its end and then waits until it is killed: a line {@link #ANSWERS}, one
     * line of 16 hexadecimal digits for each call in the order of {@link Answer#index}, and a line {@link #END}.
     */
    public byte[] waiting() {
        long text = room(DIGITS).value();
        Value head = text("\n" + ANSWERS + "\n");
        write(head.value(), ANSWERS.length() + 2);
        Value newline = text("\n");
        for (Answer answer : List.copyOf(answers)) {
            code.hexadecimal(answer.address(), digits, text);
            write(text, DIGITS);
            write(newline.value(), 1);
        }
        Value end = text(END + "\n");
        write(end.value(), END.length() + 1);
        pause();
        return executable();
    }

    /** The executable file, which prints nothing and ends with code 0 after its last call. */
    public byte[] ending() {
        emit(SystemCall.EXIT_GROUP, UNUSED, value(0));
        return executable();
    }

    private byte[] executable() {
        code.place(failure);
        emit(SystemCall.EXIT_GROUP, UNUSED, value(1));
        return new Executable(machine, code.code(), Arrays.copyOf(data.content(), MOST_DATA), (int) (free - ROOM))
                .bytes();
    }

    private void write(long address, int length) {
        emit(SystemCall.WRITE, UNUSED, value(STANDARD_OUTPUT), value(address), value(length));
    }
}
