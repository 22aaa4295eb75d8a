package dev.agentcontainers.nodeagent.linux.rootfs;

import java.util.List;

/**
 * What agents without an image see of the host. Everything that is not shown is absent; what is hidden is empty and
 * unreadable. docs/security/host-root.md explains each entry.
 */
public final class HostRoot {
    /** Shown read-only, without device files and set-user-id. */
    public static final List<String> SHOWN =
            List.of("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt");

    /** Within what is shown. */
    public static final List<String> HIDDEN = List.of(
            "/etc/shadow",
            "/etc/shadow-",
            "/etc/gshadow",
            "/etc/gshadow-",
            "/etc/passwd-",
            "/etc/group-",
            "/etc/sudoers",
            "/etc/sudoers.d",
            "/etc/security",
            "/etc/krb5.keytab",
            "/etc/ssh",
            "/etc/ssl/private",
            "/etc/pki/tls/private",
            "/etc/letsencrypt",
            "/etc/kubernetes",
            "/etc/rancher",
            "/etc/cni",
            "/etc/docker",
            "/etc/containers",
            "/etc/containerd",
            "/etc/crio",
            "/etc/agentcontainers",
            "/etc/wireguard",
            "/etc/openvpn",
            "/etc/ipsec.secrets",
            "/etc/ipsec.d",
            "/etc/NetworkManager",
            "/etc/netplan",
            "/etc/wpa_supplicant",
            "/etc/ppp",
            "/etc/cloud",
            "/etc/apt/auth.conf",
            "/etc/apt/auth.conf.d",
            "/etc/environment",
            "/etc/fstab",
            "/etc/crypttab",
            "/opt/cni");

    /** Kinds of file system that are shown where they are mounted below a shown path. */
    public static final List<String> LOCAL_KINDS =
            List.of("ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "bcachefs", "overlay", "squashfs", "erofs");

    private HostRoot() {}
}
