package dev.agentcontainers.nodeagent.image.signature;

import java.util.ArrayList;
import java.util.List;

/** Why nothing proves an image, for people. For one thread. */
final class Reasons {
    private static final int MOST = 8;
    private static final int LONGEST = 300;

    private final List<String> reasons = new ArrayList<>();
    private int more;

    /** @param where a host, or the node's store */
    void add(String where, String place, String why) {
        String text = where + ": " + place + " " + why;
        if (reasons.size() == MOST) {
            more++;
        } else {
            reasons.add(text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "…");
        }
    }

    @Override
    public String toString() {
        return String.join("; ", reasons) + (more > 0 ? "; and " + more + " more" : "");
    }
}
