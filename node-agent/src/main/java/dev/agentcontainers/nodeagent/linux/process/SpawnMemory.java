package dev.agentcontainers.nodeagent.linux.process;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What one posix_spawn needs in native memory; freed on close. */
final class SpawnMemory implements AutoCloseable {
    private static final short SET_SIGNAL_DEFAULTS = 0x04;
    private static final short SET_SIGNAL_MASK = 0x08;
    private static final short SET_SESSION = 0x80;
    private static final int O_RDWR = 2;

    /** Larger than posix_spawnattr_t (336) and posix_spawn_file_actions_t (80) of glibc. */
    private static final int STRUCTURE_SIZE = 512;

    private static final int SIGNAL_SET_SIZE = 128;

    private final SpawnRequest request;
    private final List<Long> allocated = new ArrayList<>();
    private final long fileActions = allocate(STRUCTURE_SIZE);
    private final long attributes = allocate(STRUCTURE_SIZE);

    private SpawnMemory(SpawnRequest request) {
        this.request = request;
    }

    static SpawnMemory of(SpawnRequest request) {
        SpawnMemory memory = new SpawnMemory(request);
        Libc.posix_spawn_file_actions_init(memory.fileActions);
        Libc.posix_spawnattr_init(memory.attributes);
        memory.addDescriptors();
        memory.addSignals();
        return memory;
    }

    /** 0 and the child's pid, or the error number. */
    int spawn(int[] pid) {
        List<String> arguments = new ArrayList<>();
        arguments.add(request.program());
        arguments.addAll(request.arguments());
        List<String> environment = new ArrayList<>();
        for (Map.Entry<String, String> entry : request.environment().entrySet()) {
            environment.add(entry.getKey() + "=" + entry.getValue());
        }
        return Libc.posix_spawn(
                pid, terminated(request.program()), fileActions, attributes, strings(arguments), strings(environment));
    }

    private void addDescriptors() {
        int free = 0;
        for (Map.Entry<Integer, Integer> entry : new TreeMap<>(request.descriptors()).entrySet()) {
            if (entry.getKey() == 0 && request.terminal()) {
                // Opened rather than copied: a session's first terminal that it opens becomes the controlling one.
                Libc.posix_spawn_file_actions_addopen(
                        fileActions, 0, terminated("/proc/self/fd/" + entry.getValue()), O_RDWR, 0);
            } else {
                Libc.posix_spawn_file_actions_adddup2(fileActions, entry.getValue(), entry.getKey());
            }
            free = entry.getKey() + 1;
        }
        for (int standard = 0; standard < 3; standard++) {
            if (!request.descriptors().containsKey(standard)) {
                Libc.posix_spawn_file_actions_addopen(fileActions, standard, terminated("/dev/null"), O_RDWR, 0);
            }
        }
        Libc.posix_spawn_file_actions_addclosefrom_np(fileActions, Math.max(free, 3));
    }

    private void addSignals() {
        byte[] all = new byte[SIGNAL_SET_SIZE];
        Arrays.fill(all, (byte) 0xff);
        Libc.posix_spawnattr_setsigdefault(attributes, all);
        Libc.posix_spawnattr_setsigmask(attributes, new byte[SIGNAL_SET_SIZE]);
        Libc.posix_spawnattr_setflags(attributes, (short) (SET_SIGNAL_DEFAULTS | SET_SIGNAL_MASK | SET_SESSION));
    }

    private long strings(List<String> values) {
        long array = allocate((values.size() + 1L) * Long.BYTES);
        Pointer pointer = new Pointer(array);
        for (int i = 0; i < values.size(); i++) {
            byte[] bytes = terminated(values.get(i));
            long text = allocate(bytes.length);
            new Pointer(text).write(0, bytes, 0, bytes.length);
            pointer.setLong((long) i * Long.BYTES, text);
        }
        pointer.setLong((long) values.size() * Long.BYTES, 0);
        return array;
    }

    private long allocate(long size) {
        long address = Native.malloc(size);
        if (address == 0) {
            throw new OutOfMemoryError("no memory to start a process");
        }
        allocated.add(address);
        return address;
    }

    private static byte[] terminated(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return Arrays.copyOf(bytes, bytes.length + 1);
    }

    @Override
    public void close() {
        Libc.posix_spawn_file_actions_destroy(fileActions);
        Libc.posix_spawnattr_destroy(attributes);
        allocated.forEach(Native::free);
    }
}
