package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;

/** Operating system and architecture. */
@ApiObject
public record Platform(
        @Default("linux") @JsonPropertyDescription("linux or windows. Default: linux.")
        OperatingSystem os,

        @JsonPropertyDescription("amd64 or arm64. Default: any.")
        Architecture arch) {}
