package dev.agentcontainers.nodeagent.image;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Names an image as users write it: {@code [REGISTRY[:PORT]/]REPOSITORY[:TAG][@DIGEST]}. Without a registry it is Docker
 * Hub's, without tag and digest the tag is {@code latest}, as Kubernetes has it. Where there is a digest it decides, and
 * the tag is only shown.
 *
 * @param registry host and, where it is written, port
 * @param repository complete, for example {@code library/debian}
 */
public record ImageReference(String registry, String repository, Optional<String> tag, Optional<Digest> digest) {
    private static final String HUB = "docker.io";

    /** All the names of Docker Hub, where images of one word are those of {@code library}. */
    private static final Pattern HUBS =
            Pattern.compile("(?:index\\.|registry-1\\.)?docker\\.io(?::0*443)?", Pattern.CASE_INSENSITIVE);

    private static final String LATEST = "latest";
    private static final int LONGEST = 512;
    private static final int LONGEST_NAME = 255;

    // Source of all three: distribution specification 1.1, and github.com/distribution/reference.
    private static final Pattern REGISTRY = Pattern.compile(
            "(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*(?::[0-9]{1,5})?"
                    + "|\\[[0-9A-Fa-f:]+](?::[0-9]{1,5})?");
    private static final Pattern SEGMENT = Pattern.compile("[a-z0-9]++(?:(?:\\.|__?|-++)[a-z0-9]++)*+");
    private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}");

    /** @throws IllegalArgumentException saying which part is wrong and what would be right */
    public static ImageReference parse(String text) {
        if (text.length() > LONGEST) {
            throw wrong(text.substring(0, 64) + "…", "is longer than " + LONGEST + " characters");
        }
        int at = text.indexOf('@');
        String named = at < 0 ? text : text.substring(0, at);
        Optional<Digest> digest = at < 0 ? Optional.empty() : Optional.of(digest(text, text.substring(at + 1)));
        int colon = named.lastIndexOf(':');
        boolean tagged = colon > named.lastIndexOf('/');
        String name = tagged ? named.substring(0, colon) : named;
        Optional<String> tag = tagged ? Optional.of(named.substring(colon + 1)) : Optional.empty();
        if (tag.isPresent() && !TAG.matcher(tag.get()).matches()) {
            throw wrong(
                    text,
                    "has the tag '" + tag.get() + "'; one has 1 to 128 letters, digits, '_', '.' and '-', and begins"
                            + " with none of the last two");
        }
        int slash = name.indexOf('/');
        String first = slash < 0 ? "" : name.substring(0, slash);
        boolean hosted = first.contains(".") || first.contains(":") || first.equals("localhost");
        String registry = hosted ? first : HUB;
        String rest = hosted ? name.substring(slash + 1) : name;
        String repository = HUBS.matcher(registry).matches() && rest.indexOf('/') < 0 ? "library/" + rest : rest;
        requireNames(text, registry, repository);
        return new ImageReference(
                registry, repository, tag.isEmpty() && digest.isEmpty() ? Optional.of(LATEST) : tag, digest);
    }

    private static Digest digest(String text, String digest) {
        try {
            return Digest.parse(digest);
        } catch (IllegalArgumentException e) {
            throw wrong(text, "has an unusable digest: " + e.getMessage());
        }
    }

    private static void requireNames(String text, String registry, String repository) {
        if (!REGISTRY.matcher(registry).matches()) {
            throw wrong(text, "names the registry '" + registry + "', which is not HOST or HOST:PORT");
        }
        if (repository.length() > LONGEST_NAME) {
            throw wrong(text, "has a repository of more than " + LONGEST_NAME + " characters");
        }
        for (String segment : repository.split("/", -1)) {
            if (!SEGMENT.matcher(segment).matches()) {
                throw wrong(
                        text,
                        "has the repository '" + repository
                                + "'; between slashes it has lower-case letters and digits, and"
                                + " between those '.', '_', '__' or hyphens");
            }
        }
    }

    private static IllegalArgumentException wrong(String text, String problem) {
        return new IllegalArgumentException("image reference '" + text + "' " + problem);
    }

    /** Host and port that answer for the registry: Docker Hub's is not the one that its images are called by. */
    public String host() {
        return registry.equals(HUB) ? "registry-1.docker.io" : registry;
    }

    /** What a registry is asked for. */
    public String wanted() {
        return digest.map(Digest::toString).or(() -> tag).orElse(LATEST);
    }

    /** The same repository's image of exactly this content. */
    public ImageReference pinned(Digest content) {
        return new ImageReference(registry, repository, tag, Optional.of(content));
    }

    /** Complete, as it can be parsed again. */
    @Override
    public String toString() {
        return registry + "/" + repository + tag.map(text -> ":" + text).orElse("")
                + digest.map(content -> "@" + content).orElse("");
    }
}
