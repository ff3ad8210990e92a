"""A real Prometheus and a real Alertmanager, as Debian's packages bring them."""

import subprocess

from tests.real import program


def promtool(*words: str, told: bytes = b"") -> tuple[int, str]:
    """Run promtool; returns its exit code and what it complains of."""
    done = subprocess.run(
        [program("promtool", "prometheus"), *words], input=told, capture_output=True, check=False, timeout=120
    )
    return done.returncode, done.stderr.decode()
