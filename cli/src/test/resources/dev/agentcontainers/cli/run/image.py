"""Writes to argv[1] an archive as "docker save" makes it: two layers over this machine's shell, of which the upper one hides some of the lower."""
import hashlib, io, json, os, subprocess, sys, tarfile


def add(archive, name, content=None, owner=0, mode=0o755):
    entry = tarfile.TarInfo(name)
    entry.mode, entry.uid, entry.gid = mode, owner, owner
    if content is None:
        entry.type = tarfile.DIRTYPE
    else:
        entry.size = len(content)
    archive.addfile(entry, None if content is None else io.BytesIO(content))


def tar(entries):
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for entry in entries:
            add(archive, *entry)
    return target.getvalue()


def with_libraries(program):
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    files = [program] + [word for word in linked.split() if word.startswith("/")]
    return [(name.lstrip("/"), open(os.path.realpath(name), "rb").read()) for name in files]


programs = {name: content for program in ("/bin/bash", "/bin/ls", "/bin/cat", "/usr/bin/id", "/usr/bin/stat")
            for name, content in with_libraries(program)}
folders = sorted({os.path.dirname(name) for name in programs} | {"lib", "usr"}, key=len)
lower = [(folder,) for folder in folders] + [(name, content) for name, content in programs.items()] + [
    ("etc",), ("etc/passwd", b"root:x:0:0::/root:/bin/sh\nworker:x:1000:1000::/home/worker:/bin/sh\n", 0, 0o644),
    ("home",), ("home/worker", None, 1000, 0o700), ("home/worker/own", b"of the image\n", 1000, 0o600),
    ("opaque",), ("opaque/lower", b""), ("removed", b"")]
upper = [(".wh.removed", b""), ("opaque",), ("opaque/.wh..wh..opq", b""), ("opaque/upper", b"")]
layers = [tar(lower), tar(upper)]
configuration = json.dumps({
    "os": "linux", "architecture": {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine],
    "config": {"User": "worker"},
    "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest() for layer in layers]}}).encode()
with tarfile.open(sys.argv[1], "w") as archive:
    for number, layer in enumerate(layers):
        add(archive, f"{number}/layer.tar", layer)
    add(archive, "config.json", configuration)
    add(archive, "manifest.json", json.dumps([{
        "Config": "config.json", "RepoTags": ["registry.example.org/shell:1"], "Layers": ["0/layer.tar", "1/layer.tar"]}]).encode())
