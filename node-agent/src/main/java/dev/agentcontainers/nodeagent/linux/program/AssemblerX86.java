package dev.agentcontainers.nodeagent.linux.program;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * For x86-64: answers are in rax, the counter is rbx, which the kernel keeps. Sources: the Intel 64 and IA-32 Architectures
 * Software Developer's Manual, volume 2, and syscall(2).
 */
final class AssemblerX86 extends Assembler {
    /** mov rdi, rsi, rdx, r10, r8, r9 from a value that follows. */
    private static final int[][] LOAD = {
        {0x48, 0xbf}, {0x48, 0xbe}, {0x48, 0xba}, {0x49, 0xba}, {0x49, 0xb8}, {0x49, 0xb9}
    };

    /** mov the same from rax. */
    private static final int[][] FROM_RAX = {
        {0x48, 0x89, 0xc7},
        {0x48, 0x89, 0xc6},
        {0x48, 0x89, 0xc2},
        {0x49, 0x89, 0xc2},
        {0x49, 0x89, 0xc0},
        {0x49, 0x89, 0xc1}
    };

    private static final int LONG_JUMP = 2;
    private static final int DISTANCE = 4;
    private static final int DIGITS = 16;

    @Override
    void argument(int index, long value) {
        emit(LOAD[index]);
        emitLittleEndian(value, Long.BYTES);
    }

    @Override
    void argumentAt(int index, long address) {
        // mov rax, [address]
        emit(0x48, 0xa1);
        emitLittleEndian(address, Long.BYTES);
        emit(FROM_RAX[index]);
    }

    @Override
    void call(int number, long answer) {
        // mov eax, number; syscall; mov [answer], rax
        emit(0xb8);
        emitLittleEndian(number, Integer.BYTES);
        emit(0x0f, 0x05, 0x48, 0xa3);
        emitLittleEndian(answer, Long.BYTES);
    }

    @Override
    void branchIfFailed(Label target) {
        // test rax, rax; js
        emit(0x48, 0x85, 0xc0);
        jump(0x88, target);
    }

    @Override
    void branchIfZero(Label target) {
        // test rax, rax; jz
        emit(0x48, 0x85, 0xc0);
        jump(0x84, target);
    }

    @Override
    void branch(Label target) {
        // cmp eax, eax, which is always equal; jz: one form of jump is enough.
        emit(0x39, 0xc0);
        jump(0x84, target);
    }

    @Override
    void count(long times) {
        // mov rbx, times
        emit(0x48, 0xbb);
        emitLittleEndian(times, Long.BYTES);
    }

    @Override
    void branchWhileCounting(Label target) {
        // dec rbx; jnz
        emit(0x48, 0xff, 0xcb);
        jump(0x85, target);
    }

    @Override
    void hexadecimal(long address, long digits, long target) {
        // mov rax, [address]; mov r8, digits; mov rdi, target; mov ecx, 16
        emit(0x48, 0xa1);
        emitLittleEndian(address, Long.BYTES);
        emit(0x49, 0xb8);
        emitLittleEndian(digits, Long.BYTES);
        emit(0x48, 0xbf);
        emitLittleEndian(target, Long.BYTES);
        emit(0xb9);
        emitLittleEndian(DIGITS, Integer.BYTES);
        Label next = new Label();
        place(next);
        // rol rax, 4; mov edx, eax; and edx, 15; mov dl, [r8 + rdx]; mov [rdi], dl; inc rdi; dec rcx; jnz
        emit(0x48, 0xc1, 0xc0, 0x04, 0x89, 0xc2, 0x83, 0xe2, 0x0f, 0x41, 0x8a, 0x14, 0x10, 0x88, 0x17);
        emit(0x48, 0xff, 0xc7, 0x48, 0xff, 0xc9);
        jump(0x85, next);
    }

    @Override
    void stack(long target) {
        // mov rax, rsp
        emit(0x48, 0x89, 0xe0);
        storeRax(target);
    }

    @Override
    void set(long target, long value) {
        // mov rax, value
        emit(0x48, 0xb8);
        emitLittleEndian(value, Long.BYTES);
        storeRax(target);
    }

    @Override
    void copy(long target, long source) {
        loadRax(source);
        storeRax(target);
    }

    @Override
    void add(long target, long value) {
        loadRax(target);
        // mov rcx, value; add rax, rcx
        emit(0x48, 0xb9);
        emitLittleEndian(value, Long.BYTES);
        emit(0x48, 0x01, 0xc8);
        storeRax(target);
    }

    @Override
    void loadWord(long target, long pointer) {
        loadRax(pointer);
        // mov rax, [rax]
        emit(0x48, 0x8b, 0x00);
        storeRax(target);
    }

    @Override
    void loadByte(long target, long pointer) {
        loadRax(pointer);
        // movzx eax, byte [rax]
        emit(0x0f, 0xb6, 0x00);
        storeRax(target);
    }

    @Override
    void storeByte(long pointer, long source) {
        loadRax(source);
        // mov rcx, rax
        emit(0x48, 0x89, 0xc1);
        loadRax(pointer);
        // mov [rax], cl
        emit(0x88, 0x08);
    }

    @Override
    void branchIfEqual(long address, long value, Label target) {
        loadRax(address);
        // mov rcx, value; cmp rax, rcx; jz
        emit(0x48, 0xb9);
        emitLittleEndian(value, Long.BYTES);
        emit(0x48, 0x39, 0xc8);
        jump(0x84, target);
    }

    private void loadRax(long address) {
        // mov rax, [address]
        emit(0x48, 0xa1);
        emitLittleEndian(address, Long.BYTES);
    }

    private void storeRax(long address) {
        // mov [address], rax
        emit(0x48, 0xa3);
        emitLittleEndian(address, Long.BYTES);
    }

    private void jump(int condition, Label target) {
        leadsTo(target);
        emit(0x0f, condition, 0, 0, 0, 0);
    }

    @Override
    void resolve(byte[] code, int at, int target) {
        int distance = target - (at + LONG_JUMP + DISTANCE);
        ByteBuffer.wrap(code).order(ByteOrder.LITTLE_ENDIAN).putInt(at + LONG_JUMP, distance);
    }
}
