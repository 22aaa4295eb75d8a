/**
 * The custom resources of group {@code agentcontainers.dev}, version {@code v1alpha1}, as records that Jackson reads
 * and the CRD generator turns into {@code crds/yaml}. What is absent in a manifest is null here. Nothing but data: no
 * behaviour beyond small constants, no client.
 */
package dev.agentcontainers.api.v1alpha1;
