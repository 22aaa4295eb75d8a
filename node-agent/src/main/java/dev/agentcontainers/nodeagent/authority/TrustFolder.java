package dev.agentcontainers.nodeagent.authority;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
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

    static void write(Path folder, AgentAuthority authority, MachineRoots roots) throws IOException {
        Files.createDirectory(folder);
        Files.writeString(folder.resolve(AUTHORITY), authority.certificatePem());
        // A final line that has no end would run into the authority's first.
        Files.writeString(folder.resolve(BUNDLE), roots.bundle().stripTrailing() + "\n" + authority.certificatePem());
        try (OutputStream store = Files.newOutputStream(folder.resolve(JAVA_STORE))) {
            roots.writeJavaStore(authority.certificate(), store);
        }
        for (String file : new String[] {AUTHORITY, BUNDLE, JAVA_STORE}) {
            Files.setPosixFilePermissions(folder.resolve(file), PosixFilePermissions.fromString("r--r--r--"));
        }
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
