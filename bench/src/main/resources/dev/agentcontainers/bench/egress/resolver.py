"""Answers each question by UDP at ADDRESS PORT with the address ANSWER."""

import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1], int(sys.argv[2])))
address = socket.inet_aton(sys.argv[3])
print("ready", server.getsockname()[1], flush=True)
while True:
    question, client = server.recvfrom(4096)
    end = question.index(b"\0", 12) + 5
    # RFC 1035: a response without error, one answer whose name is that of the question, one minute.
    header = question[:2] + b"\x81\x80\0\1\0\1\0\0\0\0"
    answer = b"\xc0\x0c" + question[end - 4:end] + (60).to_bytes(4, "big") + b"\0\4" + address
    server.sendto(header + question[12:end] + answer, client)
