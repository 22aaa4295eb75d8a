"""The hostile agent of the fence's tests: does what a line of JSON says, in its own namespaces, and answers a line."""
import base64
import hashlib
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

flows = {}
served = {}


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def echo(kind, host, port, timeout):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as s:
        s.settimeout(timeout)
        s.connect((host, port))
        s.send(b"hello")
        return "ok" if s.recv(16) == b"hello" else "wrong answer"


def tcp(host, port, timeout=1.0):
    return echo(socket.SOCK_STREAM, host, port, timeout)


def udp(host, port, timeout=1.0):
    return echo(socket.SOCK_DGRAM, host, port, timeout)


def datagram(host, port, size):
    """A datagram that may need fragments, and its echo."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(2)
        s.sendto(b"d" * size, (host, port))
        return "ok" if len(s.recv(65535)) == size else "wrong answer"


def unconnected(host, port):
    """A datagram without connect: the way around filters of connect."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        s.sendto(b"hello", (host, port))
    return "sent"


def fast_open(host, port):
    """Data in the first packet of a connection (TCP fast open)."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
        s.settimeout(1)
        s.sendto(b"hello", socket.MSG_FASTOPEN, (host, port))
        return "ok" if s.recv(16) == b"hello" else "wrong answer"


def with_options(host, port, options):
    """A datagram with IP options, which needs no capability."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, bytes.fromhex(options))
        s.sendto(b"hello", (host, port))
    return "sent"


def foreign_source(option, source, host, port):
    """A datagram from an address that is not the agent's: option 15 is IP_FREEBIND, 19 is IP_TRANSPARENT."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.IPPROTO_IP, option, 1)
        s.bind((source, 4242))
        s.sendto(b"hello", (host, port))
    return "sent"


def unix(path):
    """A connection to a unix socket; a name that begins with @ is an abstract one."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.connect("\0" + path[1:] if path.startswith("@") else path)
    return "connected"


def raw(source, destination, protocol, payload, fragment=0, options=""):
    """An IPv4 packet made by hand. A payload is in hexadecimal digits."""
    option_bytes = bytes.fromhex(options)
    body = bytes.fromhex(payload)
    header = struct.pack("!BBHHHBBH4s4s", 0x40 | (5 + len(option_bytes) // 4), 0,
                         20 + len(option_bytes) + len(body), 4242, fragment, 64, protocol, 0,
                         socket.inet_aton(source), socket.inet_aton(destination)) + option_bytes
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as s:
        s.sendto(header + body, (destination, 0))
    return "sent"


def udp_bytes(source_port, port, text):
    body = text.encode()
    return (struct.pack("!HHHH", source_port, port, 8 + len(body), 0) + body).hex()


def raw_udp(source, destination, port, fragment=0, options="", text="spoof"):
    return raw(source, destination, 17, udp_bytes(4242, port, text), fragment, options)


def crowd(destination, port, count):
    """One datagram to each of so many ports: each is a connection to the kernel."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for each in range(port, port + count):
            s.sendto(b"one of many", (destination, each))
    return "sent"


def frame(payload, ethertype=0x0800, device="eth0"):
    """An Ethernet frame to the neighbour that the kernel was given."""
    mac = subprocess.check_output(["ip", "neigh", "show", "169.254.1.1"], text=True).split("lladdr ")[1].split()[0]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind((device, 0))
        own = s.getsockname()[4]
        s.send(bytes.fromhex(mac.replace(":", "")) + own + struct.pack("!H", ethertype) + bytes.fromhex(payload))
    return "sent"


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def sctp_init(source, host, port):
    """The first packet of an SCTP association."""
    chunk = struct.pack("!BBHIIHHI", 1, 0, 20, 1, 65535, 1, 1, 1)
    head = struct.pack("!HHI", 4242, port, 0)
    check = struct.pack("<I", crc32c(head + b"\0\0\0\0" + chunk))
    return raw(source, host, 132, (head + check + chunk).hex())


def spend(host, port, most, piece=8192):
    """Sends and gets back until nothing passes or there was so much both ways together: how much there was."""
    total = 0
    try:
        with socket.create_connection((host, port), 1) as s:
            s.settimeout(1)
            while total < most:
                s.sendall(b"u" * piece)
                total += piece
                got = 0
                while got < piece:
                    part = len(s.recv(piece))
                    if part == 0:
                        return str(total)
                    got += part
                    total += part
    except OSError:
        pass
    return str(total)


def spend_datagrams(host, port, most, piece=1000):
    """The same by datagrams, whose answers may be missing now and then."""
    total = 0
    missing = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(0.3)
        s.connect((host, port))
        while total < most and missing < 3:
            try:
                s.send(b"u" * piece)
                total += piece + len(s.recv(65535))
                missing = 0
            except OSError:
                missing += 1
    return str(total)


def spend_for(host, port, seconds):
    """How much passes both ways in that time."""
    total = 0
    end = time.monotonic() + seconds
    with socket.create_connection((host, port), 2) as s:
        s.settimeout(0.2)
        s.setblocking(True)
        stop = threading.Timer(seconds, lambda: s.shutdown(socket.SHUT_RDWR))
        stop.start()
        try:
            while time.monotonic() < end:
                s.sendall(b"u" * 4096)
                total += 4096
                got = 0
                while got < 4096:
                    part = len(s.recv(4096))
                    if part == 0:
                        return str(total)
                    got += part
                    total += part
        except OSError:
            pass
        stop.cancel()
    return str(total)


def unbuffered(host, port):
    """A stream that takes what was not sent yet with it when it is closed."""
    s = socket.create_connection((host, port), 5)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.settimeout(0.2)
    return s


def together(count, function):
    threads = [threading.Thread(target=function, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def pour(host, port, seconds, streams, datagrams=0):
    """Sends as fast as can be, by so many streams and flows of datagrams at once: who counts is the other side."""
    end = time.monotonic() + seconds

    def stream():
        with unbuffered(host, port) as s:
            while time.monotonic() < end:
                try:
                    s.send(b"p" * 65536)
                except TimeoutError:
                    pass

    def flow():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect((host, port))
            while time.monotonic() < end:
                for _ in range(20):
                    try:
                        s.send(b"p" * 1400)
                    except OSError:
                        # What is denied is answered.
                        pass
                time.sleep(0.001)

    for thread in together(streams, stream) + together(datagrams, flow):
        thread.join()
    return "poured"


def drink(host, port, seconds, streams, datagrams=0):
    """The same of what comes."""
    end = time.monotonic() + seconds

    def stream():
        with unbuffered(host, port) as s:
            while time.monotonic() < end:
                try:
                    s.recv(1 << 18)
                except TimeoutError:
                    pass

    def flow():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.2)
            s.sendto(str(seconds).encode(), (host, port))
            while time.monotonic() < end:
                try:
                    s.recv(65536)
                except TimeoutError:
                    pass

    for thread in together(streams, stream) + together(datagrams, flow):
        thread.join()
    return "drunk"


def begin_pouring(name, host, port):
    """By one stream, until end_pouring."""
    s = unbuffered(host, port)
    flows[name] = s

    def stream():
        while name in flows:
            try:
                s.send(b"p" * 65536)
            except TimeoutError:
                pass

    flows[name + " thread"] = together(1, stream)[0]
    return "begun"


def end_pouring(name):
    """Whether it was this one stream until now."""
    went_on = flows[name + " thread"].is_alive()
    s = flows.pop(name)
    flows.pop(name + " thread").join()
    s.close()
    return "ended" if went_on else "broken"


def spend_tls(name, seconds, piece=16384):
    """How much goes by an open flow of TLS, each way, to who sends back at least as much."""
    end = time.monotonic() + seconds
    s = flows[name]
    s.settimeout(30)
    total = 0
    while time.monotonic() < end:
        s.sendall(b"u" * piece)
        got = 0
        while got < piece:
            got += len(s.recv(65536))
        total += piece
    return str(total)


def spend_tls_together(host, port, server_name, streams, piece=16384):
    """How much goes both ways by so many connections of TLS at once, to who sends back at least as much, until each is ended."""
    totals = []

    def stream():
        total = 0
        try:
            name = "together %d" % threading.get_ident()
            open_tls(name, host, port, server_name)
            s = flows.pop(name)
            while True:
                s.sendall(b"u" * piece)
                got = 0
                while got < piece:
                    data = s.recv(65536)
                    if not data:
                        raise OSError("ended")
                    got += len(data)
                total += 2 * piece
        except OSError:
            totals.append(total)

    for thread in together(streams, stream):
        thread.join()
    return str(sum(totals))


def counts():
    with open("/proc/self/net/dev") as table:
        return next(line.split() for line in table if line.strip().startswith("eth0:"))


def received():
    """Bytes that came by the interface so far."""
    return counts()[1]


def at_interface():
    """Bytes that came and went by the interface so far, with their headers."""
    now = counts()
    return str(int(now[1]) + int(now[9]))


def upload(host, port, size):
    """Sends and gets back more than one packet's worth."""
    with socket.create_connection((host, port), 3) as s:
        s.settimeout(5)
        left = size
        while left > 0:
            s.sendall(b"u" * 8192)
            got = 0
            while got < 8192:
                got += len(s.recv(8192))
            left -= 8192
    return "ok"


def ping(host):
    unsummed = struct.pack("!BBHHH", 8, 0, 0, 1, 1) + b"ping"
    packet = struct.pack("!BBHHH", 8, 0, checksum(unsummed), 1, 1) + b"ping"
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as s:
        s.settimeout(0.7)
        s.connect((host, 0))
        s.send(packet)
        while True:
            reply = s.recv(1024)
            if reply[20] == 0:
                return "ok"


def open_flow(name, host, port):
    s = socket.create_connection((host, port), 1)
    flows[name] = s
    return send_flow(name)


def open_tls(name, host, port, server_name):
    """As open_flow, in TLS; the server's certificate doesn't matter."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    s = socket.create_connection((host, port), 5)
    flows[name] = context.wrap_socket(s, server_hostname=server_name or None)
    return send_tls(name)


def send_tls(name):
    flows[name].settimeout(5)
    flows[name].sendall(b"hello")
    return flows[name].recv(1024).decode()


def is_answer(text):
    head, end, content = text.partition("\r\n\r\n")
    length = re.search("(?i)^content-length: *([0-9]+)", head, re.MULTILINE)
    return end and length and len(content) >= int(length.group(1))


def http(name, host, port, text):
    """One answer to a request on a connection that is kept under the name."""
    if name not in flows:
        flows[name] = socket.create_connection((host, port), 5)
    flows[name].settimeout(5)
    flows[name].sendall(text.encode("latin-1"))
    received = ""
    while not is_answer(received):
        data = flows[name].recv(65536)
        if not data:
            return received + " ended"
        received += data.decode("latin-1")
    return received


def trusting(server_name, port, alpn=None):
    """A connection of TLS by which the server has to be certified as the agent's programs want it by default."""
    context = ssl.create_default_context()
    if alpn:
        context.set_alpn_protocols(alpn.split(","))
    return context.wrap_socket(socket.create_connection((server_name, port), 5), server_hostname=server_name)


def https(name, server_name, port, text):
    """As http, inside TLS."""
    if name not in flows:
        flows[name] = trusting(server_name, port)
    return http(name, server_name, port, text)


def web_socket(name, host, port, path, server_name, *more):
    """What is answered to a handshake, and the echo of a frame behind it; the connection is kept under the name."""
    flows[name] = trusting(host, port) if server_name == "tls" else socket.create_connection((host, port), 5)
    flows[name].settimeout(5)
    key = base64.b64encode(os.urandom(16)).decode()
    lines = ["GET %s HTTP/1.1" % path, "Host: www.example.org", "Connection: keep-alive, Upgrade", "Upgrade: websocket",
             "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + key, *more, "", ""]
    flows[name].sendall("\r\n".join(lines).encode())
    received = b""
    while b"\r\n\r\n" not in received:
        data = flows[name].recv(1024)
        if not data:
            break
        received += data
    status = received.decode("latin-1").split("\r\n")[0]
    digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    if "\r\nSec-WebSocket-Accept: %s\r\n" % base64.b64encode(digest).decode() not in received.decode("latin-1"):
        return status
    return status + " " + web_socket_echo(name, "hello")


def web_socket_echo(name, text):
    """Sends a frame on an open WebSocket: what of it comes back."""
    content, mask = text.encode(), os.urandom(4)
    frame = bytes([0x81, 0x80 | len(content)]) + mask + bytes(each ^ mask[i % 4] for i, each in enumerate(content))
    try:
        flows[name].sendall(frame)
        received = b""
        while len(received) < 2 + len(content):
            data = flows[name].recv(1024)
            if not data:
                return received.decode("latin-1") + " ended"
            received += data
    except ConnectionResetError:
        return "reset"
    return received[2:].decode()


def https_until_end(server_name, port, text, alpn=None):
    """As http_until_end, inside TLS."""
    with trusting(server_name, port, alpn) as s:
        return until_end(s, text)


def http_until_end(host, port, text):
    """All that comes back for the text until the connection ends, and how it does."""
    with socket.create_connection((host, port), 5) as s:
        return until_end(s, text)


def until_end(s, text):
    received = ""
    s.settimeout(20)
    try:
        s.sendall(text.encode("latin-1"))
        data = s.recv(65536)
        while data:
            received += data.decode("latin-1")
            data = s.recv(65536)
    except ConnectionResetError:
        return received + " reset"
    return received + " ended"


def first_bytes(host, port, *parts):
    """What comes back for the parts, in hexadecimal digits, sent one by one, and how the connection ends."""
    received = b""
    with socket.create_connection((host, port), 5) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.settimeout(20)
        end = "ended"
        try:
            for part in parts:
                s.sendall(bytes.fromhex(part))
                time.sleep(0.02)
        except OSError:
            # What came before that is still to be read.
            end = "reset"
        try:
            data = s.recv(1024)
            while data:
                received += data
                data = s.recv(1024)
        except ConnectionResetError:
            end = "reset"
        return received.hex() + " " + end


def asked(target, port, headers=""):
    """A connection to the node's proxy by which the target was asked for, and what it answered to that."""
    s = socket.create_connection(("169.254.1.1", 3128), 5)
    s.settimeout(20)
    s.sendall(("CONNECT %s:%d HTTP/1.1\r\n%s\r\n" % (target, port, headers)).encode("latin-1"))
    answer = b""
    while b"\r\n\r\n" not in answer:
        data = s.recv(1)
        if not data:
            break
        answer += data
    return s, answer.decode("latin-1")


def asked_tls(name, target, port, server_name):
    """As open_tls, through the node's proxy."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    s, answer = asked(target, port)
    if not answer.startswith("HTTP/1.1 200 "):
        return answer.split("\r\n")[0]
    flows[name] = context.wrap_socket(s, server_hostname=server_name or None)
    return send_tls(name)


def asked_until_end(target, port, text):
    """All that comes back for the text that is sent once the proxy has said that the target is there, and how it ends."""
    s, answer = asked(target, port)
    with s:
        return answer.split("\r\n")[0] + " then " + until_end(s, text)


def hold(host, port, count, seconds):
    """Connections that say nothing, kept from now on: how many came about, of so many, in that time."""
    held = flows.setdefault("held", [])
    end = time.monotonic() + seconds
    while len(held) < count and time.monotonic() < end:
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        s.settimeout(0.3)
        try:
            s.connect((host, port))
            held.append(s)
        except OSError:
            s.close()
            time.sleep(0.02)
    return str(len(held))


def release():
    for s in flows.pop("held", []):
        s.close()
    return "released"


def begin_many(source, host, port, count):
    """First packets of connections that never come about, as quickly as can be."""
    addresses = socket.inet_aton(source) + socket.inet_aton(host)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as s:
        for i in range(count):
            def segment(check):
                return struct.pack("!HHIIBBHHH", 20000 + i, port, i, 0, 0x50, 2, 64240, check, 0)
            tcp_check = checksum(addresses + struct.pack("!BBH", 0, 6, 20) + segment(0))
            s.sendto(struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 4242, 0, 64, 6, 0, addresses[:4], addresses[4:])
                     + segment(tcp_check), (host, 0))
    return "sent"


def begin_always(source, host, port):
    """As begin_many until begin_no_more, with nothing that answers: what comes back has no way to be refused."""
    with open("/proc/net/arp") as table:
        mac = next(line.split()[3] for line in table if line.split()[0] == host)
    subprocess.run(["ip", "route", "add", "blackhole", host + "/32"], check=True)
    addresses = socket.inet_aton(source) + socket.inet_aton(host)
    packets = []
    for i in range(5000):
        def segment(check):
            return struct.pack("!HHIIBBHHH", 20000 + i, port, i, 0, 0x50, 2, 64240, check, 0)
        tcp = segment(checksum(addresses + struct.pack("!BBH", 0, 6, 20) + segment(0)))
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 4242, 0, 64, 6, 0, addresses[:4], addresses[4:])
        packets.append(head[:10] + struct.pack("!H", checksum(head)) + head[12:] + tcp)

    def begin():
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
            s.bind(("eth0", 0))
            frame = bytes.fromhex(mac.replace(":", "")) + s.getsockname()[4] + struct.pack("!H", 0x0800)
            while "beginning" in flows:
                for packet in packets:
                    s.send(frame + packet)
                    if "beginning" not in flows:
                        break
                    time.sleep(0.0005)

    flows["beginning"] = True
    flows["beginner"] = threading.Thread(target=begin, daemon=True)
    flows["beginner"].start()
    return "begun"


def begin_no_more():
    host = "169.254.1.1"
    flows.pop("beginning")
    flows.pop("beginner").join()
    subprocess.run(["ip", "route", "del", "blackhole", host + "/32"], check=True)
    return "ended"


def ask_and_reset(target, port):
    """Asks the node's proxy for the target and is gone."""
    s = socket.create_connection(("169.254.1.1", 3128), 5)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.sendall(("CONNECT %s:%d HTTP/1.1\r\n\r\n" % (target, port)).encode())
    s.close()
    return "reset"


def send_flow(name, timeout=0.7):
    s = flows[name]
    s.settimeout(timeout)
    s.send(b"hello")
    return "ok" if s.recv(16) == b"hello" else "closed"


def open_datagrams(name, host, port):
    """As open_flow, with UDP."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((host, port))
    flows[name] = s
    return send_flow(name)


def quic_initial(version, first=0xC3):
    """As a client begins (RFC 9000, section 17.2.2): long header, connection ids, no token, padded to 1200 bytes."""
    rest = bytes([8]) + b"\x51" * 8 + bytes([0, 0])
    length = 1200 - 5 - len(rest) - 2
    return bytes([first]) + struct.pack("!I", version) + rest + struct.pack("!H", 0x4000 | length) + b"\xa5" * length


def payload(what):
    """quic and a version, or bytes in hexadecimal."""
    if what.startswith("quic:"):
        _, version, first = what.split(":")
        return quic_initial(int(version, 16), int(first, 16))
    return bytes.fromhex(what)


def send_datagram(name, what, timeout=0.7):
    """A datagram by an open flow, and its echo."""
    s = flows[name]
    s.settimeout(timeout)
    sent = payload(what)
    s.send(sent)
    return "ok" if s.recv(65535) == sent else "wrong answer"


def first_datagram(host, port, what):
    """The same as the first of a flow."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((host, port))
    flows["first"] = s
    return send_datagram("first", what)


def send_segments(name, size, *parts):
    """Datagrams of one size by an open flow, which the kernel cuts out of a large one (UDP_SEGMENT), and the first's echo."""
    s = flows[name]
    s.settimeout(0.7)
    sent = b"".join(payload(part) for part in parts)
    s.setsockopt(socket.IPPROTO_UDP, 103, size)
    try:
        s.send(sent)
    finally:
        s.setsockopt(socket.IPPROTO_UDP, 103, 0)
    return "ok" if s.recv(65535) == sent[:size] else "wrong answer"


def set_options(name, options):
    """Gives an open flow's packets IP options, from now on."""
    flows[name].setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, bytes.fromhex(options))
    return "set"


def error_about(name):
    """Tells the other end of an open TCP flow, by ICMP and with data beside, that what it sent did not arrive."""
    own, peer = flows[name].getsockname(), flows[name].getpeername()
    quoted = struct.pack("!BBHHHBBH4s4sHHI", 0x45, 0, 40, 1, 0, 64, 6, 0, socket.inet_aton(peer[0]),
                         socket.inet_aton(own[0]), peer[1], own[1], 1)
    data = quoted + b"stolen" * 20
    unsummed = struct.pack("!BBHI", 3, 3, 0, 0) + data
    return raw(own[0], peer[0], 1, (struct.pack("!BBHI", 3, 3, checksum(unsummed), 0) + data).hex())


def spoof_flow(source, source_port, host, port):
    """A datagram as if it were of a flow of that source."""
    return raw(source, host, 17, udp_bytes(source_port, port, "spoof"))


def own_port(name):
    return flows[name].getsockname()[1]


def receive(name, timeout=0.7):
    """What comes by a flow without being asked for."""
    flows[name].settimeout(timeout)
    return flows[name].recv(16).decode()


def serve(port):
    """Echoes TCP and UDP at the port from now on, and remembers who came last."""
    streams = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    streams.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    streams.bind(("0.0.0.0", port))
    streams.listen(128)
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("0.0.0.0", port))
    served[port] = {"datagrams": datagrams}

    def echo_streams(connection):
        try:
            data = connection.recv(65536)
            while data:
                connection.sendall(data)
                data = connection.recv(65536)
        except OSError:
            pass

    def accept():
        while True:
            connection, _ = streams.accept()
            served[port]["connection"] = connection
            threading.Thread(target=echo_streams, args=(connection,), daemon=True).start()

    def echo_datagrams():
        while True:
            try:
                data, sender = datagrams.recvfrom(65536)
                served[port]["sender"] = sender
                datagrams.sendto(data, sender)
            except OSError:
                pass

    threading.Thread(target=accept, daemon=True).start()
    threading.Thread(target=echo_datagrams, daemon=True).start()
    return "ok"


def push_stream(port):
    """Sends to who connected last, without being asked."""
    served[port]["connection"].sendall(b"pushed")
    return "sent"


def push_datagram(port):
    served[port]["datagrams"].sendto(b"pushed", served[port]["sender"])
    return "sent"


def flood(host, port, count):
    """Datagrams, as quickly as can be."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for _ in range(count):
            s.sendto(b"hello", (host, port))
    return "sent"


def frame_to(mac, payload, ethertype):
    """An Ethernet frame to any address."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind(("eth0", 0))
        s.send(bytes.fromhex(mac.replace(":", "")) + s.getsockname()[4] + struct.pack("!H", ethertype)
               + bytes.fromhex(payload))
    return "sent"


def ip_packet(source, destination, port):
    """A UDP datagram in hexadecimal digits, from the header of IP on."""
    body = bytes.fromhex(udp_bytes(4242, port, "hello"))
    unsummed = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 4242, 0, 64, 17, 0,
                           socket.inet_aton(source), socket.inet_aton(destination))
    return (unsummed[:10] + struct.pack("!H", checksum(unsummed)) + unsummed[12:] + body).hex()


def shell(command):
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=10)
    return "%d %s%s" % (done.returncode, done.stdout, done.stderr)


def hammer(allowed, denied, port, seconds):
    """Connects to both again and again; how often the allowed one failed and the denied one answered."""
    end = time.time() + seconds
    result = {"allowed": 0, "failed": 0, "leaked": 0, "denied": 0, "errors": []}
    while time.time() < end:
        try:
            result["allowed"] += tcp(allowed, port, 3.0) == "ok"
        except OSError as e:
            result["failed"] += 1
            result["errors"].append(str(e))
        try:
            result["leaked"] += udp(denied, port, 0.005) != ""
        except OSError:
            result["denied"] += 1
    return json.dumps(result)


for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = globals()[request[0]](*request[1:])
    except Exception as e:
        answer = "%s: %s" % (type(e).__name__, e)
    print(json.dumps(str(answer)), flush=True)
