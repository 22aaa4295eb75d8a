package dev.agentcontainers.nodeagent.audit;

/**
 * What the trail takes.
 *
 * @param perSecond records of one agent in the long run
 * @param burst how many at once
 * @param waiting records of all agents together that wait to be written
 */
record AuditLimits(int perSecond, int burst, int waiting) {
    static final AuditLimits DEFAULT = new AuditLimits(200, 2000, 16_384);
}
