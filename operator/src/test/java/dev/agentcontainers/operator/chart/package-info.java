/**
 * The operator as the charts install it. In: what Helm made of the charts on a real API server. Out: whether the operator and the
 * drain work with exactly that environment and those rights. A process takes the place of each Pod: there is no kubelet.
 */
package dev.agentcontainers.operator.chart;
