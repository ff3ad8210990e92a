"""A real PostgreSQL on a free port of loopback, one a test process, with a database a test."""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from tests.real import lacking

PASSWORD = "canary-of-the-database"  # noqa: S105 - a canary: it must turn up nowhere
USER = "hedgerow"


def binaries() -> Path | None:
    """Find the newest server that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[4]))
    return found[-1].parent if found else None


class Server:
    """A cluster in a folder of its own. It may be stopped, killed, frozen and started again."""

    def __init__(self, bin_: Path, folder: Path) -> None:
        self._bin = bin_
        self.folder = folder / "data"
        self._runner = _other_than_root(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._call(
            "initdb", "-D", str(self.folder), "-A", "trust", "-E", "UTF8", "-U", "postgres", "--no-sync"
        )
        (self.folder / "pg_hba.conf").write_text(
            "local all postgres trust\nhost all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        )
        self.start()
        self.execute(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'")

    def start(self) -> None:
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c fsync=off"
            " -c max_connections=60"
        )
        for _ in range(40):
            done = self._call(
                "pg_ctl",
                "-D",
                str(self.folder),
                "-w",
                "-l",
                str(self.folder / "log"),
                "-o",
                options,
                "start",
                check=False,
            )
            if done.returncode == 0:
                return
            time.sleep(0.25)
        raise AssertionError((self.folder / "log").read_text())

    def stop(self, how: str = "immediate") -> None:
        self._call("pg_ctl", "-D", str(self.folder), "-m", how, "-w", "stop")

    def processes(self) -> list[int]:
        """List the postmaster and what serves connections now."""
        postmaster = int((self.folder / "postmaster.pid").read_text().split()[0])
        listed = subprocess.run(
            ["/usr/bin/ps", "-o", "pid=", "--ppid", str(postmaster)],
            capture_output=True,
            text=True,
            check=False,
        )
        return [postmaster, *(int(line) for line in listed.stdout.split())]

    @contextmanager
    def frozen(self, *, only_postmaster: bool = False) -> Iterator[None]:
        """Let no process of it move, so that connections stand and nothing answers; or only the one that takes new ones."""
        processes = self.processes()[: 1 if only_postmaster else None]
        try:
            for process in processes:
                _signalled(process, signal.SIGSTOP)
            yield
        finally:
            for process in processes:
                _signalled(process, signal.SIGCONT)

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        with psycopg.connect(self.admin_url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def admin_url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def database(self, name: str = "") -> str:
        """Make a database and give its address."""
        made = name or f"t{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {made} OWNER {USER}")
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{made}"

    def _call(self, tool: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = [*self._runner, str(self._bin / tool), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd="/", stdin=subprocess.DEVNULL
        )
        assert done.returncode == 0 or not check, done.stdout + done.stderr
        return done


def _signalled(process: int, number: signal.Signals) -> None:
    """Send a signal; a server's process may have ended by itself since it was listed."""
    with suppress(ProcessLookupError):
        os.kill(process, number)


def _other_than_root(folder: Path) -> list[str]:
    """PostgreSQL refuses root: run it as the user that its package made."""
    if os.getuid() != 0:
        return []
    owner = pwd.getpwnam("postgres")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return ["runuser", "-u", "postgres", "--"]


@contextmanager
def served() -> Iterator[Server]:
    """Run a server until the tests of this process are over; skips where none is installed."""
    bin_ = binaries()
    if bin_ is None:
        lacking("PostgreSQL is not installed: apt-get install postgresql-15")
    folder = Path(tempfile.mkdtemp(prefix="hedgerow-pg-", dir="/tmp"))
    server = None
    try:
        server = Server(bin_, folder)
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def database_of(url: str) -> str:
    """Name the database of an address."""
    found = re.search(r"/(\w+)$", url)
    assert found
    return found[1]
