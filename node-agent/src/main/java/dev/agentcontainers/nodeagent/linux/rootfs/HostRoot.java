package dev.agentcontainers.nodeagent.linux.rootfs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * What agents of level Process see of the host's root, read-only. An allow-list: what is not named here does not exist
 * for them ({@code /var}, {@code /opt}, {@code /srv}, {@code /mnt}, {@code /home}, {@code /root} and {@code /run} are empty).
 * Documented in docs/security/host-root.md.
 *
 * @param shown paths of the host that are shown, with the local filesystems mounted below them
 * @param hidden paths below those that are left out; a last segment that ends in '*' stands for every name that begins
 *     so
 * @param folders that agents may be given by their manifests, images' too
 */
public record HostRoot(List<String> shown, List<String> hidden, HostFolders folders) {
    /** Filesystems that are shown where they are mounted below a shown path. Others (network, FUSE, kernel) are not. */
    static final Set<String> LOCAL_FILESYSTEMS = Set.of(
            "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "bcachefs", "jfs", "erofs", "squashfs", "overlay");

    private static final Set<String> KERNELS = Set.of("/proc", "/sys", "/dev");

    /** Directories that always exist, empty where nothing is shown there. */
    static final List<String> EMPTY = List.of(
            "/var", "/srv", "/opt", "/mnt", "/media", "/home", "/root", "/run", "/boot", "/proc", "/sys", "/dev");

    public static final HostRoot DEFAULT = new HostRoot(
            List.of("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc"),
            List.of(
                    "/etc/shadow*",
                    "/etc/gshadow*",
                    "/etc/security",
                    "/etc/ssh/ssh_host_*",
                    "/etc/sudoers*",
                    "/etc/ssl/private",
                    "/etc/pki/tls/private",
                    "/etc/letsencrypt",
                    "/etc/netplan",
                    "/etc/ppp",
                    "/etc/apt/auth.conf*",
                    "/etc/environment",
                    "/etc/fstab",
                    "/etc/crypttab",
                    "/etc/krb5.keytab",
                    "/etc/kubernetes",
                    "/etc/cni",
                    "/etc/rancher",
                    "/etc/agentcontainers",
                    "/etc/docker",
                    "/etc/containers/auth.json",
                    "/etc/containerd",
                    "/etc/NetworkManager/system-connections",
                    "/etc/wireguard",
                    "/etc/wpa_supplicant",
                    "/etc/openvpn",
                    "/etc/ipsec.*",
                    "/etc/cloud",
                    "/etc/machine-id",
                    "/etc/.git"),
            HostFolders.NONE);

    /** Whether a filesystem is shown that is mounted below a shown path. */
    static boolean isShown(MountTable.Entry mount) {
        return LOCAL_FILESYSTEMS.contains(mount.type());
    }

    /**
     * Where the host's files are that agents see, without links: the shown paths, and what is mounted below them.
     *
     * @throws IOException where a path that is there can't be followed
     */
    public List<Path> places(MountTable table) throws IOException {
        List<Path> places = new ArrayList<>();
        for (String path : shown) {
            if (Files.exists(Path.of(path))) {
                Path place = Path.of(path).toRealPath();
                places.add(place);
                table.below(place.toString()).stream()
                        .filter(HostRoot::isShown)
                        .map(mount -> Path.of(mount.path()))
                        .forEach(places::add);
            }
        }
        return places;
    }

    public HostRoot {
        shown = List.copyOf(shown);
        hidden = List.copyOf(hidden);
    }

    /**
     * With further shown paths.
     *
     * @throws IllegalArgumentException naming the setting and the path where one can't be shown
     */
    public HostRoot with(List<String> paths) {
        List<String> all = new ArrayList<>(shown);
        for (String path : paths) {
            Path parsed = Path.of(path);
            boolean plain = parsed.isAbsolute()
                    && parsed.getNameCount() > 0
                    && parsed.normalize().toString().equals(path);
            if (!plain || KERNELS.contains("/" + parsed.getName(0))) {
                throw new IllegalArgumentException("agentcontainers.node.host-paths: '" + path
                        + "' must be an absolute path without '.', '..' and a '/' at its end, neither / itself nor in"
                        + " /proc, /sys or /dev");
            }
            if (!all.contains(path)) {
                all.add(path);
            }
        }
        return new HostRoot(all, hidden, folders);
    }

    public HostRoot giving(HostFolders others) {
        return new HostRoot(shown, hidden, others);
    }

    public HostRoot without(Collection<String> paths) {
        List<String> all = new ArrayList<>(hidden);
        all.addAll(paths);
        return new HostRoot(shown, all, folders);
    }
}
