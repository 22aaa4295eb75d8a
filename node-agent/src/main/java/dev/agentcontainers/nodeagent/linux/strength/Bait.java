package dev.agentcontainers.nodeagent.linux.strength;

import static dev.agentcontainers.nodeagent.linux.program.CallProgram.value;

import dev.agentcontainers.nodeagent.linux.program.CallProgram;
import dev.agentcontainers.nodeagent.linux.program.Machine;
import dev.agentcontainers.nodeagent.linux.program.SystemCall;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What stands on the host for hostile agents to go for: files with secret words, listening sockets, a process. It is removed
 * when it is closed; what a process that was killed has left is removed by the next of the same folder. Where the host has no
 * place for one, that one is missing.
 */
final class Bait implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Bait.class);
    private static final Path OPEN = Path.of("/var/tmp");
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");
    private static final String PRIVATE = "bait-";

    /** In the folder that everybody may pass through. */
    static final String READABLE = "open";

    /** The same. */
    static final String WRITABLE = "writable";

    /** Secret words by where they are: what an agent says of them tells where it was. */
    private final String inPrivateFile = word();

    private final String inOpenFile = word();
    private final String inSharedMemory = word();
    private final String inEnvironment = word();

    private final String abstractName = "\0agentcontainers-" + word();
    private final Deque<AutoCloseable> made = new ArrayDeque<>();
    private final Path privateFile;
    private final Optional<Path> openFile;
    private final Optional<Path> writableFile;
    private final Optional<Path> sharedMemory;
    private final Optional<Path> socketFile;
    private final Optional<ServerSocketChannel> pathSocket;
    private final int abstractSocket;
    private final ServerSocketChannel loopback;
    private final Process process;

    /** @param folder of root's own, in which it may make others */
    Bait(Path folder) throws IOException {
        try {
            String mark = mark(folder);
            sweep(folder, PRIVATE);
            sweep(OPEN, mark);
            sweep(SHARED_MEMORY, mark);
            Path privateFolder = closing(Files.createTempDirectory(folder, PRIVATE));
            privateFile = Files.writeString(privateFolder.resolve("secret"), inPrivateFile);
            Files.setPosixFilePermissions(privateFile, PosixFilePermissions.fromString("rw-------"));
            Optional<Path> openFolder = openFolder(mark);
            openFile = openFolder.flatMap(in -> readable(in.resolve(READABLE), inOpenFile));
            writableFile = openFolder.flatMap(in -> writable(in.resolve(WRITABLE)));
            sharedMemory = readable(SHARED_MEMORY.resolve(mark + word()), inSharedMemory);
            sharedMemory.ifPresent(this::closing);
            socketFile = openFolder.map(in -> in.resolve("socket"));
            pathSocket = socketFile.flatMap(this::listening);
            abstractSocket = HostCalls.listen(HostCalls.address(abstractName));
            made.push(() -> HostCalls.close(abstractSocket));
            loopback = ServerSocketChannel.open();
            made.push(loopback);
            loopback.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0))
                    .configureBlocking(false);
            process = start(privateFolder.resolve("process"));
            made.push(process::destroyForcibly);
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /** What names of this node's baits begin with where others have theirs too. */
    private static String mark(Path folder) {
        UUID node = UUID.nameUUIDFromBytes(folder.toString().getBytes(StandardCharsets.UTF_8));
        return "agentcontainers-bait-" + node.toString().substring(0, 8) + "-";
    }

    private static void sweep(Path folder, String mark) {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (DirectoryStream<Path> left = Files.newDirectoryStream(folder, mark + "*")) {
            for (Path each : left) {
                DeepDeletion.delete(each);
            }
        } catch (IOException e) {
            LOG.warn("what an earlier measurement left in {} can't be removed", folder, e);
        }
    }

    private Path closing(Path path) {
        made.push(() -> DeepDeletion.delete(path));
        return path;
    }

    private Optional<Path> openFolder(String mark) {
        try {
            Path folder = closing(Files.createTempDirectory(OPEN, mark));
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
            return Optional.of(folder);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static Optional<Path> readable(Path file, String word) {
        try {
            Files.writeString(file, word);
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
            return Optional.of(file);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static Optional<Path> writable(Path file) {
        try {
            Files.createFile(file);
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
            return Optional.of(file);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private Optional<ServerSocketChannel> listening(Path file) {
        try {
            ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            made.push(listener);
            listener.bind(UnixDomainSocketAddress.of(file)).configureBlocking(false);
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxrwxrwx"));
            return Optional.of(listener);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** It ends with this process, whose end of its standard input is closed then. */
    private Process start(Path file) throws IOException {
        CallProgram program = new CallProgram(Machine.current());
        program.call(SystemCall.READ, value(0), program.room(1), value(1));
        Files.write(file, program.ending());
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
        ProcessBuilder waiting = new ProcessBuilder(file.toString());
        waiting.environment().clear();
        waiting.environment().put("SECRET", inEnvironment);
        return waiting.start();
    }

    private static String word() {
        return UUID.randomUUID().toString().replace("-", "");
    }

    /** Readable by root alone, in a folder of root alone. */
    Path privateFile() {
        return privateFile;
    }

    /** Readable by everybody. */
    Optional<Path> openFile() {
        return openFile;
    }

    /** The folder of {@link #READABLE} and {@link #WRITABLE}, where both are there. */
    Optional<Path> openFolder() {
        return openFile.filter(_ -> writableFile.isPresent()).map(Path::getParent);
    }

    /** Whether somebody has written to what everybody may write to. */
    boolean isWritten() throws IOException {
        return writableFile.isPresent() && Files.size(writableFile.get()) > 0;
    }

    /** Readable by everybody, in the host's shared memory. */
    Optional<Path> sharedMemory() {
        return sharedMemory;
    }

    /** Everybody may connect to it. */
    Optional<Path> socketFile() {
        return pathSocket.isPresent() ? socketFile : Optional.empty();
    }

    /** With the zero that it begins with. */
    String abstractName() {
        return abstractName;
    }

    /** Port at the host's 127.0.0.1. */
    int loopbackPort() throws IOException {
        return ((InetSocketAddress) loopback.getLocalAddress()).getPort();
    }

    /** A process of root's outside. */
    Process process() {
        return process;
    }

    boolean givesAwayPrivateFile(String output) {
        return output.contains(inPrivateFile);
    }

    boolean givesAwayOpenFile(String output) {
        return output.contains(inOpenFile);
    }

    boolean givesAwaySharedMemory(String output) {
        return output.contains(inSharedMemory);
    }

    boolean givesAwayEnvironment(String output) {
        return output.contains(inEnvironment);
    }

    boolean isAbstractSocketReached() {
        return HostCalls.isReached(abstractSocket);
    }

    boolean isPathSocketReached() throws IOException {
        return pathSocket.isPresent() && isReached(pathSocket.get());
    }

    boolean isLoopbackReached() throws IOException {
        return isReached(loopback);
    }

    private static boolean isReached(ServerSocketChannel listener) throws IOException {
        try (var connection = listener.accept()) {
            return connection != null;
        }
    }

    /** Who traces the process; 0 for nobody. */
    String tracerOfProcess() throws IOException {
        return Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"), StandardCharsets.UTF_8).stream()
                .filter(line -> line.startsWith("TracerPid:"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("0");
    }

    @Override
    public void close() {
        while (!made.isEmpty()) {
            try {
                made.pop().close();
            } catch (Exception e) {
                LOG.warn("a bait of a measurement can't be removed", e);
            }
        }
    }
}
