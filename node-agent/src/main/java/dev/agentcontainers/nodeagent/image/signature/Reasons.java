package dev.agentcontainers.nodeagent.image.signature;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Why nothing proves an image, for people: of each place at least one reason. For one thread. */
final class Reasons {
    private static final int MOST = 8;
    private static final int LONGEST = 500;

    private final List<String> reasons = new ArrayList<>();
    private final Set<String> heard = new HashSet<>();
    private int more;

    /** @param where a host, or the node's store */
    void add(String where, String place, String why) {
        String text = where + ": " + place + " " + why;
        boolean first = heard.add(where);
        if (reasons.size() >= MOST && !first) {
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
