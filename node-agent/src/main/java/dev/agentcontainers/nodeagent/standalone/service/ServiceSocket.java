package dev.agentcontainers.nodeagent.standalone.service;

import dev.agentcontainers.nodeagent.platform.EnterableDirectory;
import dev.agentcontainers.nodeagent.standalone.RefusedRunException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.Objects;

/** A unix socket that root and the members of one group may connect to. */
final class ServiceSocket {
    private ServiceSocket() {}

    /** Listens in the place of a service that is gone. */
    static ServerSocketChannel listen(Path socket, String groupName) throws IOException, RefusedRunException {
        GroupPrincipal group = group(socket, groupName);
        EnterableDirectory.makeFor(
                group, Objects.requireNonNull(socket.toAbsolutePath().getParent()));
        refuseIfServed(socket);
        Files.deleteIfExists(socket);
        // Bound under another name and moved: at no time can anybody else connect to it.
        Path beside = socket.resolveSibling(socket.getFileName() + ".new");
        Files.deleteIfExists(beside);
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            listener.bind(UnixDomainSocketAddress.of(beside));
            PosixFileAttributeView view = Files.getFileAttributeView(beside, PosixFileAttributeView.class);
            view.setPermissions(PosixFilePermissions.fromString("rw-------"));
            view.setGroup(group);
            view.setPermissions(PosixFilePermissions.fromString("rw-rw----"));
            Files.move(beside, socket);
            return listener;
        } catch (IOException e) {
            listener.close();
            throw e;
        }
    }

    private static GroupPrincipal group(Path socket, String name) throws IOException, RefusedRunException {
        try {
            return socket.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByGroupName(name);
        } catch (UserPrincipalNotFoundException e) {
            throw new RefusedRunException(
                    "there is no group %s, whose members may use %s: make it with groupadd --system %s"
                            .formatted(name, socket, name));
        }
    }

    private static void refuseIfServed(Path socket) throws RefusedRunException {
        if (!Files.exists(socket)) {
            return;
        }
        try (SocketChannel other = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            throw new RefusedRunException("another service listens on %s already".formatted(socket));
        } catch (IOException e) {
            // Left by one that is gone.
        }
    }
}
