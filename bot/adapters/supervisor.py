"""What a supervisor such as systemd is told: that all is open, that the loops turn, that the end has begun."""

import os
import socket

MICRO = 1_000_000


def tell(words: str) -> None:
    """Tell the supervisor something, such as ``READY=1``; where there is none, nobody is told.

    Raises:
        OSError: there is one, and it cannot be reached.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        sender.connect("\0" + address[1:] if address.startswith("@") else address)
        sender.sendall(words.encode())


def watchdog_seconds() -> float | None:
    """Tell how often the supervisor wants a sign of life; None if it wants none of this process."""
    given, whose = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not given.isdecimal() or int(given) == 0 or whose not in {"", str(os.getpid())}:
        return None
    return int(given) / MICRO
