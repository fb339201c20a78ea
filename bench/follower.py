"""A client of live updates as docs/src/live.md describes one: it knows one position, and comes back with it.

A WebSocket of the standard library alone (RFC 6455, as much as a client of ours needs), so that a drill needs no package.
"""
import base64
import contextlib
import json
import os
import socket
import struct
import threading
import time
import urllib.parse

# Our server says something at least every 15 s.
SILENCE = 40
# The first and the longest wait before it comes back; between two it doubles.
WAITS = (0.25, 4.0)


class Closed(Exception):
    """The connection is no more."""


class Line:
    """One WebSocket, in text both ways."""

    def __init__(self, url, token, path):
        place = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((place.hostname, place.port), timeout=SILENCE)
        self.read = self.socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                             f"Authorization: Bearer {token}\r\n\r\n").encode())
        said = self.read.readline()
        while self.read.readline() not in (b"\r\n", b""):
            pass
        if b" 101 " not in said:
            raise Closed(said.decode(errors="replace").strip() or "closed before an answer")

    def say(self, kind, payload):
        mask = os.urandom(4)
        head = struct.pack("!BB", 0x80 | kind, 0x80 | min(len(payload), 126))
        head += struct.pack("!H", len(payload)) if len(payload) > 125 else b""
        self.socket.sendall(head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload)))

    def take(self, count):
        taken = self.read.read(count)
        if len(taken) < count:
            raise Closed("cut off")
        return taken

    def hear(self):
        """The next text; pings are answered meanwhile."""
        while True:
            kind, length = struct.unpack("!BB", self.take(2))
            if length == 126:
                length = struct.unpack("!H", self.take(2))[0]
            elif length == 127:
                length = struct.unpack("!Q", self.take(8))[0]
            payload, kind = self.take(length), kind & 15
            if kind == 1:
                return json.loads(payload)
            if kind == 8:
                raise Closed(f"closed with {struct.unpack('!H', payload[:2])[0] if payload else 'no code'}")
            if kind == 9:
                self.say(10, payload)

    def close(self):
        self.socket.close()


class Follower(threading.Thread):
    """Hears all events behind the position that the first server tells, and goes from server to server as it must."""

    def __init__(self, *servers):
        super().__init__(daemon=True)
        self.servers, self.cursor, self.base = list(servers), None, None
        # Positions with the moment that each was heard; repeats that were dropped; what was left out; ends of connections.
        self.heard, self.repeats, self.gaps, self.ends = [], 0, [], []
        # When it came in, each time.
        self.came = []
        self.done, self.ready, self.line = threading.Event(), threading.Event(), None
        self.start()

    def run(self):
        wait = WAITS[0]
        while not self.done.is_set():
            with contextlib.suppress(OSError, ValueError):
                try:
                    self.follow(self.servers[0])
                except Closed as why:
                    self.ends.append(str(why))
            if self.line is not None:
                self.line.close()
                self.line, wait = None, WAITS[0]
            if self.done.wait(wait):
                return
            # Each of them is tried in turn.
            self.servers.append(self.servers.pop(0))
            wait = min(2 * wait, WAITS[1])

    def follow(self, server):
        after = "" if self.cursor is None else f"?after={self.cursor}"
        line = Line(server["url"], server["token"], f"/api/ws{after}")
        self.line = line
        line.say(1, json.dumps({"type": "subscribe", "paths": ["events"]}).encode())
        while not self.done.is_set():
            frame = line.hear()
            kind = frame["type"]
            if kind == "welcome" and self.cursor is None:
                self.base = self.cursor = frame["position"]
            elif kind == "subscribed":
                self.came.append(time.monotonic())
                self.ready.set()
            elif kind == "event" and frame["position"] <= self.cursor:
                self.repeats += 1
            elif kind == "event":
                self.cursor = frame["position"]
                self.heard.append((self.cursor, time.monotonic()))
            elif kind == "gap":
                self.gaps.append(frame)
            elif kind == "heartbeat":
                self.cursor = max(self.cursor, frame["position"])

    def positions(self):
        return [position for position, _ in self.heard]

    def stop(self):
        self.done.set()
        if self.line is not None:
            with contextlib.suppress(OSError):
                self.line.socket.shutdown(socket.SHUT_RDWR)
        self.join(30)
