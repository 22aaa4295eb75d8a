package dev.agentcontainers.nodeagent.standalone;

import dev.agentcontainers.nodeagent.platform.NodeSettings;
import dev.agentcontainers.nodeagent.strength.StrengthReports;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.IntStream;

/**
 * Where on this machine a run takes place: names, folders, ids and addresses that no node of a fleet and no other run has.
 *
 * @param number 0 to {@value #COUNT} - 1
 * @param rootless whether the ids and addresses are of namespaces of the run's own: every such run has those of the first place
 */
record Place(int number, boolean rootless) {
    /** As many runs at a time as the last /22 of the fleet's range has ranges of 16 addresses. */
    static final int COUNT = 64;

    /** Range of all agents' addresses; nodes of a fleet take theirs from its start. */
    static final String FLEET_CIDR = "100.80.0.0/12";

    private static final Path STATE = Path.of("/var/lib/agentcontainers/standalone");
    private static final Path RUN = Path.of("/run/agentcontainers/standalone");

    /** The last ids below 0x7FFE0000, from where on systemd uses them (its documentation, "Users, Groups, UIDs and GIDs"). */
    private static final long FIRST_USER_ID = 2_140_000_000L;

    private static final long USER_IDS = 65_536;
    private static final int ADDRESSES = 16;

    /** Output that the one who started the run has not taken yet may lie on the disk twice this long. */
    private static final long LOG_LIMIT = 1L << 30;

    /** For the workspaces of an agent that sets no limit, in bytes. */
    static final long UNASKED_STORAGE = 1L << 30;

    Place {
        if (number < 0 || number >= COUNT) {
            throw new IllegalArgumentException("place " + number + " must be 0 to " + (COUNT - 1));
        }
    }

    /** Folders of all places. */
    static List<Path> folders() {
        return List.of(STATE, RUN);
    }

    /** What was measured of this machine's drivers, for all places. */
    static StrengthReports strength() {
        return new StrengthReports(STATE.resolve("strength"));
    }

    /** Every place of a machine on which this process is root, or is not. */
    static List<Place> all(boolean rootless) {
        return IntStream.range(0, COUNT)
                .mapToObj(number -> new Place(number, rootless))
                .toList();
    }

    /** An ordinary user has 65,536 ids to give, of which the proxy has one; no program knows the last. */
    private long userIds() {
        return rootless ? USER_IDS - 1 : USER_IDS;
    }

    private int grounds() {
        return rootless ? 0 : number;
    }

    NodeSettings settings() {
        return new NodeSettings(
                "standalone-" + number,
                STATE.resolve(Integer.toString(number)),
                RUN.resolve(Integer.toString(number)),
                FIRST_USER_ID + grounds() * USER_IDS,
                userIds(),
                LOG_LIMIT,
                rootless ? OptionalLong.empty() : OptionalLong.of(UNASKED_STORAGE),
                List.of(),
                NodeSettings.HostMounts.NONE,
                NodeSettings.Gvisor.DEFAULT,
                NodeSettings.MicroVm.DEFAULT);
    }

    /** From the end of the fleet's range: 100.95.255.240/28, 100.95.255.224/28 and so on. */
    String agentCidr() {
        int last = 256 * 4 - ADDRESSES * (grounds() + 1);
        return "100.95.%d.%d/28".formatted(252 + last / 256, last % 256);
    }

    Path lock() {
        return RUN.resolve(number + ".lock");
    }
}
