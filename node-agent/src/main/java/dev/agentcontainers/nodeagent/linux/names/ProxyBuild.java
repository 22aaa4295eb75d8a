package dev.agentcontainers.nodeagent.linux.names;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.egressproxy.EgressProxy;
import dev.agentcontainers.policy.rule.DomainName;
import dev.agentcontainers.protocol.names.NodeMessage;
import inet.ipaddr.IPAddress;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.LengthFieldPrepender;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.resolver.AddressResolverGroup;
import io.netty.util.ReferenceCounted;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.xbill.DNS.Message;

/**
 * What the proxy is made of: those of this program's libraries that it needs, and Netty's native one. Its user may read none of
 * them where they are, so it gets copies.
 *
 * @param libraries jars, or folders of classes
 * @param name digest of all of it
 */
record ProxyBuild(List<Path> libraries, String name) {
    /** One class of each library. */
    private static final List<Class<?>> PARTS = List.of(
            EgressProxy.class,
            DomainName.class,
            Protocol.class,
            NodeMessage.class,
            IPAddress.class,
            Message.class,
            Bootstrap.class,
            ByteBuf.class,
            ReferenceCounted.class,
            AddressResolverGroup.class,
            LengthFieldPrepender.class,
            HttpRequestDecoder.class,
            Http2FrameCodec.class,
            FlowControlHandler.class,
            Epoll.class,
            DomainSocketAddress.class,
            ObjectMapper.class,
            JsonFactory.class,
            JsonProperty.class,
            Logger.class);

    /** What these need and is in files of its own where Quarkus has packaged the program: it takes what it changes out of libraries. */
    private static final List<String> MOVED =
            List.of("io.netty.util.internal.PlatformDependent0", "io.quarkus.netty.runtime.NettySharable");

    private static final String NATIVE = "libnetty_transport_native_epoll_%s.so";

    static ProxyBuild ofThisProgram() throws IOException {
        List<Path> libraries = new ArrayList<>();
        for (Class<?> part : PARTS) {
            libraries.add(library(part));
        }
        for (String name : MOVED) {
            moved(name).filter(library -> !libraries.contains(library)).ifPresent(libraries::add);
        }
        return new ProxyBuild(libraries, digest(libraries));
    }

    private static Optional<Path> moved(String name) throws IOException {
        try {
            return Optional.of(library(Class.forName(name, false, ProxyBuild.class.getClassLoader())));
        } catch (ClassNotFoundException e) {
            // Not every program that can start a proxy has Quarkus.
            return Optional.empty();
        }
    }

    private static Path library(Class<?> part) throws IOException {
        try {
            return Path.of(
                    part.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException | RuntimeException e) {
            throw new IOException("it is not known which file has " + part.getName(), e);
        }
    }

    /**
     * Copies it into a folder of that name that everybody may read, where it isn't there yet; copies of other builds are
     * removed.
     *
     * @return that folder
     */
    Path copyTo(Path parent) throws IOException {
        Path folder = parent.resolve(name);
        if (Files.isDirectory(folder)) {
            return folder;
        }
        delete(parent);
        Path beside = parent.resolve(name + ".new");
        makeReadable(Files.createDirectories(beside));
        for (int i = 0; i < libraries.size(); i++) {
            copy(libraries.get(i), beside.resolve(element(i)));
        }
        String file = NATIVE.formatted(System.getProperty("os.arch").equals("aarch64") ? "aarch_64" : "x86_64");
        try (InputStream library = Epoll.class.getClassLoader().getResourceAsStream("META-INF/native/" + file)) {
            if (library == null) {
                throw new IOException("there is no " + file + " for this machine's architecture");
            }
            Files.copy(library, beside.resolve(file));
            makeReadable(beside.resolve(file));
        }
        Files.move(beside, folder, StandardCopyOption.ATOMIC_MOVE);
        return folder;
    }

    /** The elements of the class path, as they are called in the folder. */
    List<String> elements() {
        List<String> elements = new ArrayList<>();
        for (int i = 0; i < libraries.size(); i++) {
            elements.add(element(i));
        }
        return elements;
    }

    private String element(int index) {
        return "%02d-%s".formatted(index, libraries.get(index).getFileName());
    }

    private static void copy(Path source, Path target) throws IOException {
        for (Path file : files(source)) {
            Path copy = file.equals(source)
                    ? target
                    : target.resolve(source.relativize(file).toString());
            Files.createDirectories(Objects.requireNonNull(copy.getParent()));
            Files.copy(file, copy);
        }
        try (Stream<Path> made = Files.walk(target)) {
            for (Path each : made.toList()) {
                makeReadable(each);
            }
        }
    }

    private static void makeReadable(Path path) throws IOException {
        Files.setPosixFilePermissions(
                path, PosixFilePermissions.fromString(Files.isDirectory(path) ? "rwxr-xr-x" : "r--r--r--"));
    }

    private static List<Path> files(Path library) throws IOException {
        try (Stream<Path> files = Files.walk(library)) {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }

    private static String digest(List<Path> libraries) throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (Path library : libraries) {
                for (Path file : files(library)) {
                    digest.update(Files.readAllBytes(file));
                }
            }
            return HexFormat.of().formatHex(digest.digest()).substring(0, 32);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    static void delete(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException e) throws IOException {
                if (e != null) {
                    throw e;
                }
                Files.delete(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
