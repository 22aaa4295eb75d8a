package dev.agentcontainers.policy.box;

/** The two address families, which never mix in a box. */
public enum AddressFamily {
    IPV4("0.0.0.0/0"),
    IPV6("::/0");

    private final String everywhere;

    AddressFamily(String everywhere) {
        this.everywhere = everywhere;
    }

    /** The CIDR of every address of the family. */
    public String everywhere() {
        return everywhere;
    }
}
