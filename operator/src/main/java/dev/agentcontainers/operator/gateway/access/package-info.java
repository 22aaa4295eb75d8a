/**
 * Who a user of the gateway is and what that user may do. In: a bearer token or certificate, and what is asked for. Out:
 * a user, or a refusal. Never decides by itself: the API server does, by TokenReview and SubjectAccessReview.
 */
@NullMarked
package dev.agentcontainers.operator.gateway.access;

import org.jspecify.annotations.NullMarked;
