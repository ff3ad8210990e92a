"""From a request to the desk that answers it: paths, weights, keys, permissions; the same for every dialect.

A dialect is a table of routes and its own words: how a signature is checked, how data and refusals are wrapped. It is pure:
:meth:`Dialect.handle` looks at no clock and touches no socket.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar

from bot.core.instruments import Contract
from bot.core.values import record
from bot.testexchange.keyring import Environment, Key, Keyring, Permission, demand
from bot.testexchange.meter import Meter
from bot.testexchange.office import Office
from bot.testexchange.records import World
from bot.testexchange.wire import No, NoError, Request, Response


@record
class Call:
    """A request that has found its route: what a desk works with."""

    request: Request
    params: Mapping[str, str]
    """Of path, query and form body."""
    key: Key | None
    """Whose it is; None if nobody had to sign."""

    @property
    def account(self) -> str:
        """Account the key opens.

        Raises:
            NoError: nobody signed.
        """
        if self.key is None:
            raise NoError(No.KEY)
        return self.key.account

    def wanted(self, name: str) -> str:
        """Give a parameter that must be there.

        Raises:
            NoError: it is not.
        """
        if name not in self.params or self.params[name] == "":
            raise NoError(No.PARAMETER, name)
        return self.params[name]


Desk = Callable[[Call], object]


@record
class Route:
    """One path, and the desk behind it."""

    operation: str
    """What it is in our words: place, cancel, order, open_orders, positions, balance, ...; faults go by it."""
    method: str
    path: str
    """With ``{name}`` for a part that varies."""
    desk: Desk
    permission: Permission | None = None
    """What a key must allow; None is for everybody, unsigned."""
    weight: int = 1

    def matches(self, method: str, path: str) -> Mapping[str, str] | None:
        """Give the varying parts of a path if it is this route's; None if it is not."""
        if method != self.method:
            return None
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)
        found = re.fullmatch(pattern, path)
        return None if found is None else found.groupdict()


class Dialect(ABC):
    """A venue's dialect over its offices."""

    name: ClassVar[str]
    """As users name the venue: binance-usdm."""
    hosts: ClassVar[Mapping[str, Environment]]
    """Hosts the venue answers at, and where each belongs."""

    def __init__(self, office: Office, keyring: Keyring, meter: Meter) -> None:
        self.office = office
        self.keyring = keyring
        self.meter = meter
        routes = self.routes()
        self._fixed = {
            (route.method, route.path): route for route in reversed(routes) if "{" not in route.path
        }
        self._varying = tuple(route for route in routes if "{" in route.path)

    @staticmethod
    @abstractmethod
    def listing(expiries: tuple[int, ...]) -> tuple[Contract, ...]:
        """List the contracts of this venue, sized in the units that go over its wire; dated ones with these expiries."""

    @classmethod
    @abstractmethod
    def opened(cls, world: World, keyring: Keyring) -> "Dialect":
        """Open the venue in a world, with its own numbers, rules for names, and limits."""

    @abstractmethod
    def routes(self) -> tuple[Route, ...]:
        """List the routes."""

    @abstractmethod
    def signed_by(self, request: Request) -> Key:
        """Find whose request it is, and check its signature and its time.

        Raises:
            NoError: something is wrong with it.
        """

    @abstractmethod
    def wrap(self, data: object, route: Route) -> Response:
        """Wrap what a desk answered."""

    @abstractmethod
    def refuse(self, error: NoError, operation: str) -> Response:
        """Say no in the venue's code and words."""

    def environment(self, request: Request) -> Environment | None:
        """Tell where a request was meant for; None if it does not tell."""
        return self.hosts.get(request.host)

    def operation(self, request: Request) -> str:
        """Tell what a request is about, in our words; ``unknown`` if no route is its."""
        found = self._find(request)
        return "unknown" if found is None else found[0].operation

    def handle(self, request: Request, at_ms: int) -> Response:
        """Answer a request that came in at a time of the venue's town."""
        self.office.turn(at_ms)
        try:
            response = self._serve(request)
        except NoError as error:
            response = self.refuse(error, self.operation(request))
        return self.meter.stamped(response)

    def _serve(self, request: Request) -> Response:
        if self.office.moods.maintenance:
            raise NoError(No.MAINTENANCE)
        found = self._find(request)
        self.meter.spend(request, 1 if found is None else found[0].weight)
        if found is None:
            raise NoError(No.PATH)
        route, parts = found
        key = None
        if route.permission is not None:
            key = self.signed_by(request)
            demand(key, route.permission)
        call = Call(request=request, params={**request.params(), **parts}, key=key)
        return self.wrap(route.desk(call), route)

    def _find(self, request: Request) -> tuple[Route, Mapping[str, str]] | None:
        fixed = self._fixed.get((request.method, request.path))
        if fixed is not None:
            return fixed, {}
        for route in self._varying:
            parts = route.matches(request.method, request.path)
            if parts is not None:
                return route, parts
        return None


def signed_routes(*rows: tuple[str, str, str, Desk, Permission, int]) -> tuple[Route, ...]:
    """Make routes that ask for a key: operation, method, path, desk, permission, weight."""
    return tuple(
        Route(operation=name, method=method, path=path, desk=desk, permission=permission, weight=weight)
        for name, method, path, desk, permission, weight in rows
    )
