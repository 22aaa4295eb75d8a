package dev.agentcontainers.nodeagent.linux.strength;

import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;

/**
 * What stands on the host for hostile agents to go for: files with secret words, listening sockets, a process. It is removed
 * when it is closed.
 */
final class Bait implements AutoCloseable {
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");
    private static final String SECRETS = "SECRET";

    /** Secret words by where they are: what an agent says of them tells where it was. */
    private final String inPrivateFile = word();

    private final String inOpenFile = word();
    private final String inSharedMemory = word();
    private final String inEnvironment = word();

    private final Path privateFolder;
    private final Path openFolder;
    private final Path sharedMemory;
    private final String abstractName = "\0agentcontainers-" + word();
    private final int abstractSocket;
    private final ServerSocketChannel pathSocket;
    private final ServerSocketChannel loopback;
    private final Process process;

    /** @param folder of root's own, in which it may make others */
    Bait(Path folder) throws IOException {
        privateFolder = Files.createTempDirectory(folder, "bait-");
        Files.writeString(privateFile(), inPrivateFile);
        Files.setPosixFilePermissions(privateFile(), PosixFilePermissions.fromString("rw-------"));
        openFolder = Files.createTempDirectory(Path.of("/var/tmp"), "agentcontainers-bait-");
        Files.setPosixFilePermissions(openFolder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.writeString(openFile(), inOpenFile);
        Files.setPosixFilePermissions(openFile(), PosixFilePermissions.fromString("rw-r--r--"));
        sharedMemory = SHARED_MEMORY.resolve("agentcontainers-bait-" + word());
        Files.writeString(sharedMemory, inSharedMemory);
        Files.setPosixFilePermissions(sharedMemory, PosixFilePermissions.fromString("rw-r--r--"));
        abstractSocket = HostCalls.listen(HostCalls.address(abstractName));
        pathSocket = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        pathSocket.bind(UnixDomainSocketAddress.of(socketFile())).configureBlocking(false);
        Files.setPosixFilePermissions(socketFile(), PosixFilePermissions.fromString("rwxrwxrwx"));
        loopback = ServerSocketChannel.open();
        loopback.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0))
                .configureBlocking(false);
        ProcessBuilder sleeper = new ProcessBuilder("sleep", "600");
        sleeper.environment().clear();
        sleeper.environment().put(SECRETS, inEnvironment);
        process = sleeper.start();
    }

    private static String word() {
        return UUID.randomUUID().toString().replace("-", "");
    }

    /** Readable by root alone, in a folder of root alone. */
    Path privateFile() {
        return privateFolder.resolve("secret");
    }

    /** Readable by everybody. */
    Path openFile() {
        return openFolder.resolve("open");
    }

    /** Readable by everybody, in the host's shared memory. */
    Path sharedMemory() {
        return sharedMemory;
    }

    /** Everybody may connect to it. */
    Path socketFile() {
        return openFolder.resolve("socket");
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
        return isReached(pathSocket);
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
    public void close() throws IOException {
        process.destroyForcibly();
        HostCalls.close(abstractSocket);
        pathSocket.close();
        loopback.close();
        Files.deleteIfExists(sharedMemory);
        DeepDeletion.delete(openFolder);
        DeepDeletion.delete(privateFolder);
    }
}
