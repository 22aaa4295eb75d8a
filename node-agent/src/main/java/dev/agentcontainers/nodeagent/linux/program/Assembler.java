package dev.agentcontainers.nodeagent.linux.program;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Writes the few instructions that a program of system calls is made of. Not thread-safe. */
abstract class Assembler {
    private final ByteArrayOutputStream code = new ByteArrayOutputStream();
    private final Map<Label, Integer> places = new HashMap<>();
    private final List<Branch> branches = new ArrayList<>();

    /** A place in the code, before or after it is known. */
    static final class Label {}

    /** A branch whose distance is written once its target is known. */
    private record Branch(int at, Label target) {}

    /** Has argument {@code index}, from 0 to 5, be this value at the next call. */
    abstract void argument(int index, long value);

    /** Has argument {@code index}, from 0 to 5, be what stands at this address. */
    abstract void argumentAt(int index, long address);

    /** Calls the kernel, and stores its answer at this address. */
    abstract void call(int number, long answer);

    /** Goes on at {@code target} where the last answer was an error. */
    abstract void branchIfFailed(Label target);

    /** Goes on at {@code target} where the last answer was 0. */
    abstract void branchIfZero(Label target);

    abstract void branch(Label target);

    /** Sets the counter, of which there is one. */
    abstract void count(long times);

    /** Takes one from the counter, and goes on at {@code target} where something is left. */
    abstract void branchWhileCounting(Label target);

    /** Writes the eight bytes at an address as 16 hexadecimal digits, whose alphabet stands at {@code digits}. */
    abstract void hexadecimal(long address, long digits, long target);

    /** Stores where the stack begins: the number of arguments, these, 0, the environment, 0. Source: elf(5) and the psABIs. */
    abstract void stack(long target);

    /** Stores a value. */
    abstract void set(long target, long value);

    /** Stores what stands at an address. */
    abstract void copy(long target, long source);

    /** Adds a value, which may be less than 0, to what stands at an address. */
    abstract void add(long target, long value);

    /** Stores the eight bytes that the address leads to which stands at {@code pointer}. */
    abstract void loadWord(long target, long pointer);

    /** Stores the byte that the address leads to which stands at {@code pointer}. */
    abstract void loadByte(long target, long pointer);

    /** Stores the lowest byte of what stands at {@code source} where the address leads to which stands at {@code pointer}. */
    abstract void storeByte(long pointer, long source);

    /** Goes on at {@code target} where this value stands at an address. */
    abstract void branchIfEqual(long address, long value, Label target);

    /** Writes into the code of a branch how far its target is away. */
    abstract void resolve(byte[] code, int at, int target);

    void place(Label label) {
        places.put(label, code.size());
    }

    void emit(int... bytes) {
        for (int b : bytes) {
            code.write(b);
        }
    }

    /** The lowest bytes of a value, the lowest first. */
    void emitLittleEndian(long value, int bytes) {
        for (int i = 0; i < bytes; i++) {
            code.write((int) (value >>> (8 * i)));
        }
    }

    /** The branch that is written next leads there. */
    void leadsTo(Label target) {
        branches.add(new Branch(code.size(), target));
    }

    byte[] code() {
        byte[] bytes = code.toByteArray();
        for (Branch branch : branches) {
            Integer target = places.get(branch.target());
            if (target == null) {
                throw new IllegalStateException("a branch leads to a label that was not placed");
            }
            resolve(bytes, branch.at(), target);
        }
        return bytes;
    }
}
