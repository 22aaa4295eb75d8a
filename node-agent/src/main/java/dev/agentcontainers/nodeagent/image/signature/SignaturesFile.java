package dev.agentcontainers.nodeagent.image.signature;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import dev.agentcontainers.nodeagent.image.signature.SignatureRules.Demand;
import dev.agentcontainers.nodeagent.image.signature.SignatureRules.Rule;
import dev.agentcontainers.nodeagent.image.signature.keyless.SubjectPattern;
import dev.agentcontainers.nodeagent.image.signature.keyless.TrustedRoot;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A file in YAML by which an administrator says which images must be signed by whom. Documented in docs/images.md. */
public final class SignaturesFile {
    private static final JsonMapper YAML = JsonMapper.builder(new YAMLFactory())
            // Of two keys of one name a reader could take either.
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            // Nor is a second document left unread that an administrator takes for rules.
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private static final int MOST_BYTES = 1 << 20;

    private static final String FIELDS =
            "it has rules, each with images (list of HOST/REPOSITORY, HOST/PATH/* or *) and either signedBy (list of name with"
                    + " key, keyFile or identity; beside it repository: Any or Signed) or unsigned: Allowed or Refused";

    private static final Pattern ISSUER = Pattern.compile("https?://[^\\s*/]+(/[^\\s*]*)?");

    private SignaturesFile() {}

    private record Content(@Nullable List<@Nullable GivenRule> rules) {}

    private record GivenRule(
            @Nullable List<@Nullable String> images,
            @Nullable List<@Nullable GivenKey> signedBy,
            @Nullable String repository,
            @Nullable String unsigned) {}

    private record GivenKey(
            @Nullable String name,
            @Nullable String key,
            @Nullable String keyFile,
            @Nullable GivenIdentity identity) {}

    private record GivenIdentity(
            @Nullable String issuer,
            @Nullable String subject,
            @Nullable String subjectPattern,
            @Nullable String trustedRoot,
            @Nullable String trustedRootFile) {}

    /** @throws IOException where it can't be read or has no rule, naming the file, the field and what would be right */
    public static SignatureRules read(Path file) throws IOException {
        Content content;
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw wrong(file, "the file", "has more than " + MOST_BYTES + " bytes");
            }
            JsonNode document = YAML.readTree(Files.readAllBytes(file));
            content = document.isObject() ? YAML.treeToValue(document, Content.class) : new Content(null);
        } catch (JsonProcessingException e) {
            throw new IOException(file + ": " + problem(e), e);
        } catch (NoSuchFileException | AccessDeniedException e) {
            throw new IOException(file + " " + problem(e), e);
        }
        List<@Nullable GivenRule> given = content.rules();
        if (given == null || given.isEmpty()) {
            throw wrong(file, "'rules'", "is missing or empty, so that no image could run");
        }
        List<Rule> rules = new ArrayList<>();
        for (int i = 0; i < given.size(); i++) {
            rules.add(rule(file, "rules[" + i + "]", i + 1, given.get(i)));
        }
        return new SignatureRules(file.toString(), rules);
    }

    private static Rule rule(Path file, String field, int number, @Nullable GivenRule given) throws IOException {
        if (given == null || given.images() == null || given.images().isEmpty()) {
            throw wrong(file, "'" + field + ".images'", "is missing or empty");
        }
        List<RepositoryPattern> images = new ArrayList<>();
        for (int i = 0; i < given.images().size(); i++) {
            try {
                images.add(RepositoryPattern.parse(
                        Objects.requireNonNullElse(given.images().get(i), "")));
            } catch (IllegalArgumentException e) {
                throw new IOException(file + ": '" + field + ".images[" + i + "]': " + e.getMessage(), e);
            }
        }
        return new Rule(number, images, demand(file, field, given));
    }

    private static Demand demand(Path file, String field, GivenRule given) throws IOException {
        List<@Nullable GivenKey> signedBy = given.signedBy();
        if ((signedBy == null) == (given.unsigned() == null)) {
            throw wrong(file, "'" + field + "'", "must have exactly one of signedBy and unsigned");
        }
        if (signedBy == null) {
            if (given.repository() != null) {
                throw wrong(file, "'" + field + ".repository'", "goes with signedBy only");
            }
            return switch (Objects.requireNonNull(given.unsigned())) {
                case "Allowed" -> new Demand.None();
                case "Refused" -> new Demand.Refusal();
                case String other ->
                    throw wrong(file, "'" + field + ".unsigned'", "is '" + other + "'; it is Allowed or Refused");
            };
        }
        if (signedBy.isEmpty()) {
            throw wrong(file, "'" + field + ".signedBy'", "is empty, so that no signature could do");
        }
        List<TrustedKey> keys = new ArrayList<>();
        List<TrustedIdentity> identities = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (int i = 0; i < signedBy.size(); i++) {
            Signer signer = signer(file, field + ".signedBy[" + i + "]", signedBy.get(i));
            if (!names.add(signer.name())) {
                throw wrong(file, "'" + field + ".signedBy[" + i + "].name'", "is that of another entry of the rule");
            }
            switch (signer) {
                case TrustedKey key -> keys.add(key);
                case TrustedIdentity identity -> identities.add(identity);
            }
        }
        return new Demand.SignedBy(keys, identities, isSigned(file, field, given.repository()));
    }

    private static boolean isSigned(Path file, String field, @Nullable String repository) throws IOException {
        return switch (repository) {
            case null -> false;
            case "Any" -> false;
            case "Signed" -> true;
            case String other ->
                throw wrong(file, "'" + field + ".repository'", "is '" + other + "'; it is Any or Signed");
        };
    }

    private static Signer signer(Path file, String field, @Nullable GivenKey given) throws IOException {
        if (given == null || given.name() == null || given.name().isBlank()) {
            throw wrong(file, "'" + field + ".name'", "is missing: messages call the key or the identity by it");
        }
        String name = given.name();
        long proofs = Stream.of(given.key(), given.keyFile(), given.identity())
                .filter(Objects::nonNull)
                .count();
        if (proofs != 1) {
            throw wrong(
                    file,
                    "'" + field + "'",
                    "must have exactly one of key (PEM), keyFile (a path) and identity (of who signs without a key)");
        }
        if (given.identity() != null) {
            return identity(file, field + ".identity", name, given.identity());
        }
        return given(file, field, "key", given.key(), given.keyFile(), pem -> TrustedKey.parse(name, pem));
    }

    private static TrustedIdentity identity(Path file, String field, String name, GivenIdentity given)
            throws IOException {
        String issuer = Objects.requireNonNullElse(given.issuer(), "");
        if (!ISSUER.matcher(issuer).matches()) {
            throw new IOException(file + ": '" + field + ".issuer': is '" + issuer + "'; it is the whole address of an"
                    + " issuer of tokens, for example https://token.actions.githubusercontent.com");
        }
        if ((given.subject() == null) == (given.subjectPattern() == null)) {
            throw new IOException(file + ": '" + field + "' must have exactly one of subject and subjectPattern");
        }
        if ((given.trustedRoot() == null) == (given.trustedRootFile() == null)) {
            throw new IOException(file + ": '" + field
                    + "' must have exactly one of trustedRoot (JSON) and trustedRootFile (a path)");
        }
        return new TrustedIdentity(
                name,
                issuer,
                subject(file, field, given),
                given(
                        file,
                        field,
                        "trustedRoot",
                        given.trustedRoot(),
                        given.trustedRootFile(),
                        json -> TrustedRoot.parse(json.getBytes(UTF_8))));
    }

    private static SubjectPattern subject(Path file, String field, GivenIdentity given) throws IOException {
        String part = given.subject() == null ? ".subjectPattern" : ".subject";
        try {
            return given.subject() == null
                    ? SubjectPattern.fitting(Objects.requireNonNull(given.subjectPattern()))
                    : SubjectPattern.exactly(given.subject());
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": '" + field + part + "': " + e.getMessage(), e);
        }
    }

    private interface Parser<T> {
        T parse(String text);
    }

    /** What is in the file itself, or in one of its own that a field with this one's name and File names. */
    private static <T> T given(
            Path file, String field, String name, @Nullable String text, @Nullable String path, Parser<T> parser)
            throws IOException {
        String place = file + ": '" + field + "." + name + (text == null ? "File" : "") + "': ";
        try {
            return parser.parse(text == null ? beside(file, Objects.requireNonNull(path)) : text);
        } catch (IllegalArgumentException e) {
            throw new IOException(place + e.getMessage(), e);
        } catch (NoSuchFileException | AccessDeniedException e) {
            throw new IOException(place + e.getFile() + " " + problem(e), e);
        } catch (IOException e) {
            throw new IOException(place + path + " can't be read: " + e, e);
        }
    }

    /** Beside the file where the path is not absolute. */
    private static String beside(Path file, String path) throws IOException {
        Path other = file.toAbsolutePath().resolveSibling(path);
        if (Files.size(other) > MOST_BYTES) {
            throw new IllegalArgumentException(other + " has more than " + MOST_BYTES + " bytes: it is something else");
        }
        return Files.readString(other);
    }

    private static IOException wrong(Path file, String field, String problem) {
        return new IOException(file + ": " + field + " " + problem + "; " + FIELDS);
    }

    /** Of a file, whose message is its name only. */
    private static String problem(FileSystemException e) {
        return e instanceof NoSuchFileException ? "does not exist" : "may not be read";
    }

    private static String problem(JsonProcessingException e) {
        StringBuilder field = new StringBuilder();
        if (e instanceof JsonMappingException mapping) {
            for (JsonMappingException.Reference part : mapping.getPath()) {
                field.append(
                        part.getFieldName() == null
                                ? "[" + part.getIndex() + "]"
                                : (field.isEmpty() ? "" : ".") + part.getFieldName());
            }
        }
        return (field.isEmpty() ? "" : "'" + field + "': ")
                + e.getOriginalMessage().lines().findFirst().orElse("it can't be read")
                + "; " + FIELDS;
    }
}
