"""What the measurements have in common: the machine's facts, a database and folders of their own, and the result's form.

A result is `results/NAME.json`: the date, the machine, the command, rows of
`what, goal, figure, unit, peer, peer_figure, ratio, goal_met`, and the raw figures that they were made from. A row with
no goal has `goal_met` null; one with no peer has the peer's fields null.
"""
import contextlib
import datetime
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench/results"
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
BUILD = os.environ.get("BENCH_BUILD", "release")
FIELDS = ("what", "goal", "figure", "unit", "peer", "peer_figure", "ratio", "goal_met")


def said(*command):
    """What a command prints, in one line; `unknown` where there is no such command."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return " ".join(done.stdout.split())


def program(name):
    """A program of bench/programs, or swarm itself."""
    path = TARGET / BUILD / name
    if not path.is_file():
        flags = "--release " if BUILD == "release" else ""
        sys.exit(f"{path} is not there: run `cargo build {flags}-p swarm -p swarm-bench`")
    return str(path)


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
                 platform.machine())
    postgres = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"), default="postgres")
    commit = said("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
    if said("git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no"):
        commit += " with changes"
    return {
        "cores": os.cpu_count(),
        "cpu": model,
        "memory_gib": int(open("/proc/meminfo").readline().split()[1]) // 1024 // 1024,
        "kernel": platform.release(),
        "file_system": said("stat", "-f", "-c", "%T", tempfile.gettempdir()),
        "postgresql": said(str(postgres), "--version"),
        "load_before": [round(value, 1) for value in os.getloadavg()],
        "commit": commit,
        "build": BUILD,
    }


def row(what, figure, unit, goal=None, met=None, peer=None, peer_figure=None, ratio=None):
    """One figure. `ratio` is the peer's figure over ours where less is better, ours over the peer's where more is."""
    rounded = [None if value is None else float(f"{value:.4g}") for value in (figure, peer_figure, ratio)]
    return dict(zip(FIELDS, (what, goal, rounded[0], unit, peer, rounded[1], rounded[2], met)))


def write(name, rows, raw, about):
    RESULTS.mkdir(exist_ok=True)
    result = {"name": name, "date": datetime.date.today().isoformat(), "command": f"bench/{name}", "about": about,
              "machine": about_machine, "rows": rows, "raw": raw}
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    print(table(rows))
    print(f"written to {path.relative_to(ROOT)}")


# Read before anything is measured: afterwards the load is our own.
about_machine = machine()


def shown(value):
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def table(rows):
    head = ("what", "goal", "figure", "peer", "peer's figure", "ratio", "")
    lines = [head]
    for one in rows:
        met = {True: "met", False: "MISSED", None: ""}[one["goal_met"]]
        unit = one["unit"]
        theirs = "-" if one["peer_figure"] is None else f"{shown(one['peer_figure'])} {unit}"
        lines.append((one["what"], one["goal"] or "-", f"{shown(one['figure'])} {unit}", one["peer"] or "-", theirs,
                      shown(one["ratio"]), met))
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


@contextlib.contextmanager
def folder():
    """A folder that is gone afterwards. PostgreSQL may run as another user, who must get through."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="swarm-bench-"))
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def database(place):
    """A PostgreSQL of its own, with the settings that swarm's own has: its URL."""
    server = subprocess.Popen([program("database"), str(place / "database")], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    try:
        line = server.stdout.readline()
        if not line:
            sys.exit("the database did not start")
        yield json.loads(line)["url"]
    finally:
        server.stdin.close()
        server.wait(60)


def libpq(url):
    """The same address for programs that use PostgreSQL's own client library: without what only ours understands."""
    whole = urllib.parse.urlsplit(url)
    known = [(key, value) for key, value in urllib.parse.parse_qsl(whole.query) if key in ("host", "port", "user")]
    return urllib.parse.urlunsplit(whole._replace(query=urllib.parse.urlencode(known)))


def measured(name, *arguments):
    """Starts a program of bench/programs and reads the line of JSON that it prints."""
    done = subprocess.run([program(name), *map(str, arguments)], capture_output=True, text=True, timeout=1800)
    if done.returncode != 0:
        sys.exit(f"{name} failed:\n{done.stderr[-4000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def environment(name, *packages):
    """The interpreter of a virtual environment with these packages from the package index, made once."""
    place = TARGET / "bench-python" / name
    python = place / "bin/python"
    if not (place / "complete").exists():
        shutil.rmtree(place, ignore_errors=True)
        print(f"installing {', '.join(packages)} for comparison", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages],
                       check=True)
        (place / "complete").touch()
    return str(python)


def modules(name, *packages):
    """The folder of Node's modules with these packages of npm, made once; nothing where they cannot be had."""
    if shutil.which("npm") is None:
        return None
    place = TARGET / "bench-node" / name
    if not (place / "complete").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        print(f"installing {', '.join(packages)}", flush=True)
        command = ["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(place), *packages]
        if subprocess.run(command).returncode != 0:
            return None
        (place / "complete").touch()
    return place / "node_modules"


def helped(about):
    """Prints what the script says of itself where that is asked for."""
    if any(word in ("-h", "--help") for word in sys.argv[1:]):
        print(about)
        sys.exit(0)
