package dev.agentcontainers.nodeagent.linux.bpf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Puts a program together, instruction by instruction. Source: docs.kernel.org/bpf/standardization/instruction-set. */
final class Program {
    private static final int EXIT = 0x95;
    private static final int CALL = 0x85;
    private static final int MOVE_VALUE = 0xb7;
    private static final int MOVE = 0xbf;
    private static final int ADD_VALUE = 0x07;
    private static final int JUMP_IF_EQUAL = 0x15;
    private static final int JUMP_UNLESS_EQUAL = 0x55;
    private static final int LOAD_WORD = 0x61;
    private static final int STORE_WORD = 0x63;
    private static final int STORE_BYTE_VALUE = 0x72;
    private static final int STORE_DOUBLE_VALUE = 0x7a;

    /** Instructions of {@link #answer}. */
    private static final int ANSWER_LENGTH = 2;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Program move(int target, int source) {
        return instruction(MOVE, target, source, 0, 0);
    }

    Program set(int target, int value) {
        return instruction(MOVE_VALUE, target, 0, 0, value);
    }

    Program add(int target, int value) {
        return instruction(ADD_VALUE, target, 0, 0, value);
    }

    /** target = the word at source + offset. */
    Program load(int target, int source, int offset) {
        return instruction(LOAD_WORD, target, source, offset, 0);
    }

    /** The word at target + offset = source. */
    Program store(int target, int offset, int source) {
        return instruction(STORE_WORD, target, source, offset, 0);
    }

    Program storeByte(int target, int offset, int value) {
        return instruction(STORE_BYTE_VALUE, target, 0, offset, value);
    }

    /** Eight bytes of zero at target + offset. */
    Program clear(int target, int offset) {
        return instruction(STORE_DOUBLE_VALUE, target, 0, offset, 0);
    }

    Program call(int function) {
        return instruction(CALL, 0, 0, 0, function);
    }

    /** Ends with the answer where the register holds the value. */
    Program answerIf(int register, int value, int answer) {
        return instruction(JUMP_UNLESS_EQUAL, register, 0, ANSWER_LENGTH, value).answer(answer);
    }

    /** Ends with the answer where the register does not hold the value. */
    Program answerUnless(int register, int value, int answer) {
        return instruction(JUMP_IF_EQUAL, register, 0, ANSWER_LENGTH, value).answer(answer);
    }

    Program answer(int value) {
        return set(0, value).end();
    }

    /** The answer is what the last call has given. */
    Program end() {
        return instruction(EXIT, 0, 0, 0, 0);
    }

    private Program instruction(int operation, int target, int source, int offset, int value) {
        bytes.writeBytes(ByteBuffer.allocate(8)
                .order(ByteOrder.nativeOrder())
                .put((byte) operation)
                .put((byte) registers(target, source))
                .putShort((short) offset)
                .putInt(value)
                .array());
        return this;
    }

    private static int registers(int target, int source) {
        return ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? source << 4 | target : target << 4 | source;
    }

    byte[] toBytes() {
        return bytes.toByteArray();
    }
}
