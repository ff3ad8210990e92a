"""API keys: whose account a key opens, and what it may do there."""

from typing import Literal

from bot.core.values import record
from bot.testexchange.wire import No, NoError

Permission = Literal["read", "trade", "transfer", "withdraw"]
Environment = Literal["live", "testnet"]


@record
class Key:
    """An API key."""

    key: str
    secret: str
    passphrase: str = ""
    account: str = "main"
    permissions: frozenset[Permission] = frozenset({"read", "trade", "transfer"})
    environment: Environment | None = None
    """Where it is known; None is everywhere."""
    ip_bound: bool = True
    """Whether it works from some addresses only."""
    revoked: bool = False
    elsewhere: bool = False
    """Whether it may only be used from another address than anybody's here."""


TEST_KEY = Key(key="test-key", secret="test-secret", passphrase="test-passphrase")  # noqa: S106 - known to everybody, on purpose
"""The key of a test exchange that nobody gave keys to."""


class Keyring:
    """All keys of an exchange."""

    def __init__(self, keys: tuple[Key, ...]) -> None:
        self._keys = {key.key: key for key in keys}

    def accounts(self) -> tuple[str, ...]:
        """List the accounts that keys open."""
        return tuple(dict.fromkeys(key.account for key in self._keys.values()))

    def add(self, key: Key) -> None:
        """Make a key, or change one."""
        self._keys[key.key] = key

    def find(self, name: str, environment: Environment | None) -> Key:
        """Find a key that is known where it is used.

        Raises:
            NoError: it is not known here, was revoked, or may not be used from here.
        """
        key = self._keys.get(name)
        if key is None or key.revoked or (environment and key.environment not in {None, environment}):
            raise NoError(No.KEY)
        if key.elsewhere:
            raise NoError(No.IP)
        return key


def demand(key: Key, permission: Permission) -> None:
    """Check what a key may do.

    Raises:
        NoError: not this.
    """
    if permission not in key.permissions:
        raise NoError(No.PERMISSION)
