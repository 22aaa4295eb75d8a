/**
 * Makes the CRDs and the API reference at build. In: the Java model. Out: {@code crds/yaml} and
 * {@code docs/reference/api.md}, which are committed and checked for drift. Never part of the jar.
 */
@NullMarked
package dev.agentcontainers.api.generator;

import org.jspecify.annotations.NullMarked;
