/**
 * Which requests of HTTP rules let pass. In: the target, method and host of a request, and what rules say. Out: whether it is allowed,
 * and in words what is. Knows no message and no connection: whoever asks has read those strictly.
 */
@NullMarked
package dev.agentcontainers.policy.http;

import org.jspecify.annotations.NullMarked;
