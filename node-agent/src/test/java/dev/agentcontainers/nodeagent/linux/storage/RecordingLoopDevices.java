package dev.agentcontainers.nodeagent.linux.storage;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Copies, but mounts nothing and reserves nothing; remembers what was asked for. */
final class RecordingLoopDevices implements LoopDevices {
    final List<String> calls = new ArrayList<>();
    int mountAnswer;
    int reserveAnswer;
    int copyAnswer;
    int timesInUse;

    @Override
    public int mount(Path image, Path target, boolean discard, Writing writing) {
        calls.add("mount " + image.getFileName() + " " + target.getFileName() + (discard ? " discard" : "")
                + (writing == Writing.DIRECT ? " direct" : ""));
        return mountAnswer;
    }

    @Override
    public int reserve(Path file, long bytes) {
        calls.add("reserve " + file.getFileName() + " " + bytes);
        return reserveAnswer;
    }

    /** The bytes of the machine's own. */
    @Override
    public int copyData(Path from, Path to) {
        return copyAnswer < 0 ? copyAnswer : LoopDevices.ofThisMachine().copyData(from, to);
    }

    @Override
    public boolean isInUse(Path image) {
        return timesInUse-- > 0;
    }

    @Override
    public boolean available() {
        return true;
    }
}
