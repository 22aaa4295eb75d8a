package dev.agentcontainers.nodeagent.image;

import java.util.List;

/** What a registry answers for a reference. Source: OCI image specification 1.1, manifest.md and image-index.md. */
public sealed interface Manifest {
    /** One image: its configuration and its layers, the lowest first. */
    record Image(ContentDescriptor configuration, List<ContentDescriptor> layers) implements Manifest {
        public Image {
            layers = List.copyOf(layers);
        }
    }

    /** Images of one name for several platforms. */
    record Index(List<ContentDescriptor> manifests) implements Manifest {
        public Index {
            manifests = List.copyOf(manifests);
        }

        /**
         * The one for a platform, or the first that says none, of which only its configuration tells what it is for.
         *
         * @throws ImageException naming what there is where nothing of it runs on {@code platform}
         */
        public ContentDescriptor on(ImagePlatform platform) throws ImageException {
            List<ContentDescriptor> fitting = manifests.stream()
                    .filter(manifest ->
                            manifest.platform().filter(platform::runs).isPresent())
                    .toList();
            // Its own variant before one that it merely runs too.
            return fitting.stream()
                    .filter(manifest ->
                            manifest.platform().filter(platform::equals).isPresent())
                    .findFirst()
                    .or(() -> fitting.stream().findFirst())
                    .or(() -> manifests.stream()
                            .filter(manifest -> manifest.platform().isEmpty())
                            .findFirst())
                    .orElseThrow(() -> new ImageException(
                            ImageException.Kind.UNUSABLE,
                            "the image has no variant for " + platform + "; it has " + platforms()));
        }

        private List<String> platforms() {
            return manifests.stream()
                    .flatMap(manifest -> manifest.platform().stream())
                    .map(ImagePlatform::toString)
                    .filter(text -> !text.startsWith("unknown/"))
                    .distinct()
                    .limit(20)
                    .toList();
        }
    }
}
