/** What compiling policies costs. In: generated policies of several sizes. Out: times. No machine, no cluster. */
@NullMarked
package dev.agentcontainers.bench.policy;

import org.jspecify.annotations.NullMarked;
