"""Two servers and more on one PostgreSQL, each a process of its own on this machine, to be asked and to be killed.

Nodes share their files (docs/src/nodes.md). Two of them on one machine need a folder each all the same, for `server.json`
and the lock say who lives there: so each folder is its node's own, and what is shared is linked into it.
"""
import atexit
import contextlib
import json
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

# What keeps a broken build from hanging; nothing passes or fails by how long it took within.
PATIENCE = 120
# Settings, keys and databases of the person who measures are no part of it.
KEPT = ("PATH", "HOME", "LANG", "TMPDIR")
SHARED = ("blobs", "mirrors", "worktrees", "archive", "pulls", "scratch", "audit")
# By this file swarm knows a folder again, wherever it is mounted.
MARK = "folder.id"


def programs():
    """The folder of PostgreSQL's programs; nothing where there is none."""
    beside = shutil.which("initdb")
    versions = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[-3]))
    named = [pathlib.Path(os.environ["SWARM_PG_BIN"])] if "SWARM_PG_BIN" in os.environ else []
    found = named + [one.parent for one in reversed(versions)] + ([pathlib.Path(beside).parent] if beside else [])
    return next((folder for folder in found if (folder / "postgres").exists()), None)


class Database:
    """A PostgreSQL of its own, with the durability that it has by itself. It refuses to run as root, and is `postgres` there."""

    def __init__(self, place):
        self.folder = pathlib.Path(place) / "postgres"
        self.folder.mkdir(mode=0o700)
        who = {}
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            who = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        folder, here = programs(), str(self.folder)
        log = open(self.folder.parent / "postgres.log", "ab")
        quiet = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "cwd": here, **who}
        subprocess.run([folder / "initdb", "-D", here, "-U", "swarm", "-A", "trust", "-E", "UTF8", "--locale=C"], check=True,
                       **quiet)
        self.process = subprocess.Popen([folder / "postgres", "-D", here, "-k", here, "-c", "listen_addresses=", "-c",
                                         "max_connections=200"], **quiet)
        self.url = f"postgres://swarm@localhost/postgres?host={here}"
        atexit.register(self.stop)

    def stop(self):
        if self.process.poll() is None:
            # Fast: who is connected is cut off.
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)


class Redis:
    """A `redis-server` on a socket of its own, that keeps nothing."""

    def __init__(self, place):
        self.socket = pathlib.Path(place) / "redis.sock"
        self.url, self.process = f"unix://{self.socket}", None
        self.start()
        atexit.register(self.kill)

    def start(self):
        self.process = subprocess.Popen(["redis-server", "--port", "0", "--save", "", "--appendonly", "no", "--unixsocket",
                                         str(self.socket), "--dir", str(self.socket.parent)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self):
        self.process.kill()
        self.process.wait()


def shared(folder, files):
    """Makes a data folder that has its files in common with others."""
    files.mkdir(parents=True, exist_ok=True)
    if not (files / MARK).exists():
        (files / MARK).write_text(os.urandom(16).hex() + "\n")
    folder.mkdir(parents=True)
    for name in SHARED:
        (files / name).mkdir(exist_ok=True)
        (folder / name).symlink_to(files / name)
    (folder / MARK).symlink_to(files / MARK)


class Node:
    """A `swarm up` on a folder."""

    def __init__(self, swarm, folder, more=(), words=()):
        self.folder = pathlib.Path(folder)
        env = {name: os.environ[name] for name in KEPT if name in os.environ}
        env |= {"SWARM_DATA": str(self.folder / "data"), "XDG_CONFIG_HOME": "/nonexistent"} | dict(more)
        self.log = open(self.folder.parent / f"{self.folder.name}.log", "ab")
        self.process = subprocess.Popen([swarm, "up", *words], env=env, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        cwd=self.folder)
        atexit.register(self.stop)
        self.server = self.eventually("swarm starts", self.started)

    def started(self):
        if self.process.poll() is not None:
            sys.exit(f"FAILED: swarm ended instead of starting: {pathlib.Path(self.log.name).read_text()[-3000:]}")
        with contextlib.suppress(OSError, ValueError):
            return json.loads((self.folder / "data" / "server.json").read_text())

    def eventually(self, what, look):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = look()
            if found:
                return found
            time.sleep(0.1)
        sys.exit(f"FAILED: it never came that {what}; see {self.log.name}")

    def open(self, method, path, value=None, patience=20, headers=None):
        headers = headers or {"Authorization": f"Bearer {self.server['token']}"}
        request = urllib.request.Request(self.server["url"] + path, None if value is None else json.dumps(value).encode(),
                                         method=method, headers=headers | {"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return opener.open(request, timeout=patience)

    def ask(self, method, path, value=None, patience=20, headers=None):
        """The status and what was said; no status where nobody answered. Headers take the place of the operator's token."""
        try:
            with self.open(method, path, value, patience, headers) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            with contextlib.suppress(ValueError, OSError):
                return error.code, json.load(error)
            return error.code, {}
        except (OSError, ValueError):
            return None, {}

    def metric(self, name):
        """A figure of `/metrics`, by its name with its labels; nothing where it is not told."""
        with contextlib.suppress(OSError), self.open("GET", "/metrics") as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(name + " "):
                    return float(line.rsplit(" ", 1)[1])
        return None

    def health(self):
        return self.ask("GET", "/health")[1]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Stops it; once, whether it was of use or not."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()
        self.log.close()
