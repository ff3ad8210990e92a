"""Meters put between the loop and what it asks: who was asked, what came of it, how long it took."""

import time
from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any, TypeVar, cast

from bot.core.values import record

Thing = TypeVar("Thing")


@record
class Call:
    """One question that was answered, or failed."""

    name: str
    arguments: tuple[Any, ...]
    result: Any
    """None if it failed."""
    seconds: float
    error: Exception | None


class _Metered:
    """Passes everything on, and tells of every call."""

    def __init__(self, inner: object, told: Callable[[Call], None]) -> None:
        self._inner = inner
        self._told = told

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the inner one has
        found = getattr(self._inner, name)
        if not callable(found):
            return found
        metered = self._asynchronous if iscoroutinefunction(found) else self._plain
        return metered(name, found)

    def _plain(self, name: str, ask: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*arguments: Any) -> Any:  # noqa: ANN401 - as the inner one
            began = time.perf_counter()
            try:
                result = ask(*arguments)
            except Exception as error:
                self._tell(name, arguments, None, began, error)
                raise
            self._tell(name, arguments, result, began, None)
            return result

        return asked

    def _asynchronous(self, name: str, ask: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def asked(*arguments: Any) -> Any:  # noqa: ANN401 - as the inner one
            began = time.perf_counter()
            try:
                result = await ask(*arguments)
            except Exception as error:
                self._tell(name, arguments, None, began, error)
                raise
            self._tell(name, arguments, result, began, None)
            return result

        return asked

    def _tell(
        self, name: str, arguments: tuple[Any, ...], result: object, began: float, error: Exception | None
    ) -> None:
        seconds = time.perf_counter() - began
        self._told(Call(name=name, arguments=arguments, result=result, seconds=seconds, error=error))


def metered(inner: Thing, told: Callable[[Call], None]) -> Thing:
    """Put a meter before something; it looks and answers as before."""
    return cast("Thing", _Metered(inner, told))  # it has every attribute that the inner one has
