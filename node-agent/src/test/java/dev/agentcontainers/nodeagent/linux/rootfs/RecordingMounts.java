package dev.agentcontainers.nodeagent.linux.rootfs;

import java.util.ArrayList;
import java.util.List;

/** Records what it is asked for; refuses what a test tells it to. */
public final class RecordingMounts implements Mounts {
    final List<String> calls = new ArrayList<>();
    public int entryAnswer;
    int busyAnswers;
    /** What is answered for a directory in another one where it is not there. */
    int missing;

    boolean knowsNoswap = true;
    boolean hasMemory = true;

    private int record(String call) {
        calls.add(call);
        return 0;
    }

    @Override
    public int unshareNamespace() {
        return record("unshare");
    }

    @Override
    public int enterNamespaceOf(long pid) {
        record("enter " + pid);
        return entryAnswer;
    }

    @Override
    public int setCreationMask(int mask) {
        return record("umask " + mask);
    }

    @Override
    public int mount(String source, String target, String type, long flags, String data) {
        if (data.contains("noswap") && !knowsNoswap) {
            return -22;
        }
        if (type.equals("tmpfs") && !hasMemory) {
            return -12;
        }
        return record(type + " " + source + " " + target + " " + data);
    }

    @Override
    public int unmount(String target, int flags) {
        return record("unmount " + target);
    }

    @Override
    public int setAttributes(String path, boolean tree, long attributes) {
        if (busyAnswers > 0) {
            busyAnswers--;
            return -16;
        }
        return record("attributes " + path + (tree ? "/** " : " ") + attributes);
    }

    @Override
    public int openDirectory(String path) {
        record("open " + path);
        return 5;
    }

    @Override
    public int openDirectoryIn(int directory, String name) {
        record("open in " + name);
        return missing < 0 ? missing : 6;
    }

    @Override
    public int openPlain(String path) {
        record("open plain " + path);
        return 7;
    }

    @Override
    public int openInRoot(int directory, String path) {
        record("open in root " + path);
        return 9;
    }

    @Override
    public int openBeneath(int directory, String path) {
        record("open beneath " + path);
        return 8;
    }

    @Override
    public int cloneMount(int directory) {
        record("clone " + directory);
        return 9;
    }

    @Override
    public int restrictMount(int mount, long attributes) {
        return record("restrict " + mount + " " + attributes);
    }

    @Override
    public int placeMount(int mount, String target) {
        return record("place " + mount + " " + target);
    }

    @Override
    public int makeDirectoryIn(int directory, String name, int mode) {
        return record("make in " + name);
    }

    @Override
    public int changeOwner(int directory, long owner) {
        return record("own " + owner);
    }

    @Override
    public int close(int descriptor) {
        return 0;
    }
}
