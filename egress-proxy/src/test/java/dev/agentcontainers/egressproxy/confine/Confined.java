package dev.agentcontainers.egressproxy.confine;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** A program that forbids itself what the proxy does, and tries it then. Prints a line for each try. */
final class Confined {
    private static final MethodHandle CALL = Linker.nativeLinker()
            .downcallHandle(
                    Linker.nativeLinker().defaultLookup().findOrThrow("syscall"),
                    FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
                    Linker.Option.firstVariadicArg(1),
                    Linker.Option.captureCallState("errno"));

    private Confined() {}

    /** @param arguments whether to forbid anything, then {@code name:number:first:second:third} each */
    public static void main(String[] arguments) throws Throwable {
        // A thread that was there before.
        FutureTask<Boolean> program = new FutureTask<>(Confined::startsPrograms);
        Object begin = new Object();
        Thread earlier;
        synchronized (begin) {
            earlier = new Thread(() -> {
                synchronized (begin) {
                    program.run();
                }
            });
            earlier.start();
            if (Boolean.parseBoolean(arguments[0])) {
                SystemCallFilter.apply();
            }
        }
        System.out.println("program of an earlier thread: " + result(program));
        System.out.println("program: " + startsPrograms());
        System.out.println("thread and sockets: " + serves());
        for (String tried : Arrays.asList(arguments).subList(1, arguments.length)) {
            System.out.println(tried.substring(0, tried.indexOf(':')) + ": " + tryIt(tried.split(":")));
        }
    }

    private static boolean result(FutureTask<Boolean> task) throws InterruptedException, ExecutionException {
        return task.get();
    }

    private static boolean startsPrograms() {
        try {
            return new ProcessBuilder("/bin/true").start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean serves() throws IOException, InterruptedException {
        try (ServerSocket server = new ServerSocket(0);
                DatagramChannel datagrams = DatagramChannel.open();
                SocketChannel local = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            Thread client = new Thread(() -> {
                try (Socket socket = new Socket(server.getInetAddress(), server.getLocalPort())) {
                    socket.getOutputStream().write(7);
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            client.start();
            try (Socket accepted = server.accept()) {
                int read = accepted.getInputStream().read();
                client.join();
                return read == 7
                        && datagrams.isOpen()
                        && local.isOpen()
                        && !Files.readString(Path.of("/proc/self/status")).isEmpty();
            }
        }
    }

    private static String tryIt(String... parts) throws Throwable {
        long[] values = Arrays.stream(parts).skip(1).mapToLong(Long::decode).toArray();
        long[] all = Arrays.copyOf(values, 6);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
            long answer = (long) CALL.invokeExact(state, all[0], all[1], all[2], all[3], all[4], all[5]);
            int errno = state.get(
                    JAVA_INT,
                    Linker.Option.captureStateLayout().byteOffset(MemoryLayout.PathElement.groupElement("errno")));
            return answer >= 0 ? "done" : "error " + errno;
        }
    }
}
