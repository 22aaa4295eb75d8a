package dev.agentcontainers.nodeagent.authority;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.TreeMap;

/** The folder that an agent sees: whom its programs trust, which are the machine's roots and the agent's authority. */
public final class TrustFolder {
    /** Where the agent sees it. */
    public static final String PATH = "/etc/agentcontainers/trust";

    static final String AUTHORITY = "authority.crt";
    static final String BUNDLE = "bundle.crt";
    static final String JAVA_STORE = "cacerts";
    private static final String BESIDE = ".new";

    private TrustFolder() {}

    /**
     * By what programs that don't look where the distribution keeps its roots are told of these. Variables of the first kind name what
     * replaces a program's own roots, those of the second what is added to them.
     */
    public static Map<String, String> variables() {
        Map<String, String> variables = new TreeMap<>();
        for (String bundle : new String[] {
            "SSL_CERT_FILE",
            "CURL_CA_BUNDLE",
            "REQUESTS_CA_BUNDLE",
            "PIP_CERT",
            "GIT_SSL_CAINFO",
            "AWS_CA_BUNDLE",
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"
        }) {
            variables.put(bundle, PATH + "/" + BUNDLE);
        }
        variables.put("NODE_EXTRA_CA_CERTS", PATH + "/" + AUTHORITY);
        variables.put("DENO_CERT", PATH + "/" + AUTHORITY);
        return variables;
    }

    /** Makes the folder have the authority and those roots. Each file is replaced at once, as who sees the folder may be reading it. */
    static void write(Path folder, AgentAuthority authority, Roots roots) throws IOException {
        if (!Files.isDirectory(folder)) {
            Files.createDirectory(folder);
        }
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        String certificate = authority.certificatePem();
        replace(folder.resolve(AUTHORITY), certificate.getBytes(StandardCharsets.US_ASCII));
        replace(folder.resolve(BUNDLE), (roots.bundle() + certificate).getBytes(StandardCharsets.US_ASCII));
        replace(folder.resolve(JAVA_STORE), roots.javaStore().with(authority.certificate()));
    }

    private static void replace(Path file, byte[] content) throws IOException {
        Path beside = file.resolveSibling(BESIDE);
        Files.deleteIfExists(beside);
        Files.write(beside, content);
        Files.setPosixFilePermissions(beside, PosixFilePermissions.fromString("r--r--r--"));
        Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
    }
}
