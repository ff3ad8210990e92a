"""A real Prometheus and a real Alertmanager, as Debian's packages bring them."""

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from tests.real import program


def promtool(*words: str, told: bytes = b"") -> tuple[int, str]:
    """Run promtool; returns its exit code and what it complains of."""
    done = subprocess.run(
        [program("promtool", "prometheus"), *words], input=told, capture_output=True, check=False, timeout=120
    )
    return done.returncode, done.stderr.decode()


@contextmanager
def running(words: Sequence[str], ready: str) -> Iterator[None]:
    """Run a server until it says that it is ready, and stop it at the end."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        for _ in range(300):
            if process.poll() is not None:
                raise AssertionError(process.stderr.read() if process.stderr else "")
            with suppress(httpx.HTTPError):
                if httpx.get(ready).status_code == httpx.codes.OK:
                    break
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=30)


@contextmanager
def prometheus(config: Path, folder: Path, port: int) -> Iterator[str]:
    """Run Prometheus on a configuration; gives its address."""
    address = f"127.0.0.1:{port}"
    words = [
        program("prometheus", "prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address={address}",
        "--rules.alert.resend-delay=2s",
        "--log.level=error",
    ]
    with running(words, f"http://{address}/-/ready"):
        yield f"http://{address}"


@contextmanager
def alertmanager(config: Path, folder: Path, port: int) -> Iterator[str]:
    """Run Alertmanager on a configuration; gives its address."""
    address = f"127.0.0.1:{port}"
    words = [
        program("prometheus-alertmanager", "prometheus-alertmanager"),
        f"--config.file={config}",
        f"--storage.path={folder / 'alerts'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
        "--log.level=error",
    ]
    with running(words, f"http://{address}/-/ready"):
        yield f"http://{address}"
