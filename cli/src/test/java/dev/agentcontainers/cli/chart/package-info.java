/**
 * Tests of the Helm charts. In: the folder helm/, the helm command, a real API server. Out: what the
 * charts promise, checked. Never starts what the charts install: there is no kubelet.
 */
package dev.agentcontainers.cli.chart;
