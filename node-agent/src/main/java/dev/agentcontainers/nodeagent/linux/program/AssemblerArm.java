package dev.agentcontainers.nodeagent.linux.program;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * For 64-bit ARM: answers are in x0, the counter is x19, which the kernel keeps, addresses go by x9, values by x10
 * and x11. Sources: the Arm Architecture Reference Manual for A-profile, chapter C6, and syscall(2).
 */
final class AssemblerArm extends Assembler {
    private static final int SCRATCH = 9;
    private static final int VALUE = 10;
    private static final int OTHER = 11;
    private static final int COUNTER = 19;
    private static final int NUMBER = 8;
    private static final int DIGITS = 16;
    private static final int HALF = 16;

    private static final int MOVZ = 0xd2800000;
    private static final int MOVK = 0xf2800000;
    private static final int LDR = 0xf9400000;
    private static final int STR = 0xf9000000;
    private static final int SVC = 0xd4000001;

    /** Branches where a register is, or is not, zero. Their distance has 19 bits from bit 5 on. */
    private static final int CBZ = 0xb4000000;

    private static final int CBNZ = 0xb5000000;

    /** Its distance has 26 bits from bit 0 on. */
    private static final int B = 0x14000000;

    @Override
    void argument(int index, long value) {
        load(index, value);
    }

    @Override
    void argumentAt(int index, long address) {
        load(SCRATCH, address);
        instruction(LDR | SCRATCH << 5 | index);
    }

    @Override
    void call(int number, long answer) {
        load(NUMBER, number);
        instruction(SVC);
        load(SCRATCH, answer);
        instruction(STR | SCRATCH << 5);
    }

    @Override
    void branchIfFailed(Label target) {
        // lsr x10, x0, #63; cbnz x10
        instruction(0xd37ffc00 | 10);
        jump(CBNZ | 10, target);
    }

    @Override
    void branchIfZero(Label target) {
        jump(CBZ, target);
    }

    @Override
    void branch(Label target) {
        jump(B, target);
    }

    @Override
    void count(long times) {
        load(COUNTER, times);
    }

    @Override
    void branchWhileCounting(Label target) {
        // sub x19, x19, #1
        instruction(0xd1000400 | COUNTER << 5 | COUNTER);
        jump(CBNZ | COUNTER, target);
    }

    @Override
    void hexadecimal(long address, long digits, long target) {
        load(SCRATCH, address);
        // ldr x10, [x9]
        instruction(LDR | SCRATCH << 5 | 10);
        load(11, digits);
        load(12, target);
        load(13, DIGITS);
        Label next = new Label();
        place(next);
        // ror x10, x10, #60; and x14, x10, #15; ldrb w14, [x11, x14]; strb w14, [x12], #1; sub x13, x13, #1; cbnz x13
        instruction(0x93caf14a);
        instruction(0x92400d4e);
        instruction(0x386e696e);
        instruction(0x3800158e);
        instruction(0xd10005ad);
        jump(CBNZ | 13, next);
    }

    @Override
    void stack(long target) {
        // mov x10, sp
        instruction(0x910003ea);
        store(target);
    }

    @Override
    void set(long target, long value) {
        load(VALUE, value);
        store(target);
    }

    @Override
    void copy(long target, long source) {
        loadFrom(source);
        store(target);
    }

    @Override
    void add(long target, long value) {
        loadFrom(target);
        load(OTHER, value);
        // add x10, x10, x11
        instruction(0x8b0b014a);
        store(target);
    }

    @Override
    void loadWord(long target, long pointer) {
        loadFrom(pointer);
        // ldr x10, [x10]
        instruction(LDR | VALUE << 5 | VALUE);
        store(target);
    }

    @Override
    void loadByte(long target, long pointer) {
        loadFrom(pointer);
        // ldrb w10, [x10]
        instruction(0x3940014a);
        store(target);
    }

    @Override
    void storeByte(long pointer, long source) {
        load(SCRATCH, pointer);
        // ldr x11, [x9]
        instruction(LDR | SCRATCH << 5 | OTHER);
        loadFrom(source);
        // strb w10, [x11]
        instruction(0x3900016a);
    }

    @Override
    void branchIfEqual(long address, long value, Label target) {
        loadFrom(address);
        load(OTHER, value);
        // sub x10, x10, x11
        instruction(0xcb0b014a);
        jump(CBZ | VALUE, target);
    }

    private void loadFrom(long address) {
        load(SCRATCH, address);
        // ldr x10, [x9]
        instruction(LDR | SCRATCH << 5 | VALUE);
    }

    private void store(long address) {
        load(SCRATCH, address);
        // str x10, [x9]
        instruction(STR | SCRATCH << 5 | VALUE);
    }

    /** In four pieces of 16 bits. */
    private void load(int register, long value) {
        for (int piece = 0; piece < 4; piece++) {
            int bits = (int) (value >>> (HALF * piece) & 0xffff);
            instruction((piece == 0 ? MOVZ : MOVK) | piece << 21 | bits << 5 | register);
        }
    }

    private void jump(int instruction, Label target) {
        leadsTo(target);
        instruction(instruction);
    }

    private void instruction(int bits) {
        emitLittleEndian(bits, Integer.BYTES);
    }

    @Override
    void resolve(byte[] code, int at, int target) {
        ByteBuffer bytes = ByteBuffer.wrap(code).order(ByteOrder.LITTLE_ENDIAN);
        int instruction = bytes.getInt(at);
        int distance = (target - at) / Integer.BYTES;
        bytes.putInt(
                at,
                (instruction & 0xfc000000) == B
                        ? instruction | distance & 0x3ffffff
                        : instruction | (distance & 0x7ffff) << 5);
    }
}
