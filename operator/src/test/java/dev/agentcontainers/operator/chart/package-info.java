/**
 * Tests of the Helm charts. In: the folder helm/, the helm command, a real API server. Out: what the charts promise, checked, and
 * whether the operator and the drain work with exactly that environment and those rights. A process takes the place of each Pod
 * that a test needs: there is no kubelet.
 */
package dev.agentcontainers.operator.chart;
