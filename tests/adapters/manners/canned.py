"""Venues whose answers are canned: real payloads, and contracts in as many words as reading needs."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.adapters.venues.manner import Client, Listed
from bot.core.instruments import MarginRule, Payoff, Perpetual
from bot.core.values import Contracts, Notional, Price, Ratio
from tests.testexchange.shapes import fixture

D = Decimal
LONG_AGO, LATER = 0, 2_000_000_000_000


class Canned:
    """A venue that answers each endpoint with what it was given, numbers as strings, and writes down what it was asked."""

    def __init__(self, answers: Mapping[str, object]) -> None:
        self.names: dict[str, str] = {}
        self.asked: list[tuple[str, dict[str, object], Client]] = []
        self._answers = answers

    async def ask(
        self, endpoint: str, params: Mapping[str, object] | None = None, *, client: Client = "futures"
    ) -> object:
        """Answer."""
        self.asked.append((endpoint, dict(params or {}), client))
        return quoted(self._answers[endpoint])

    def symbol_of(self, market: str) -> str:
        """Give a symbol that shows whose it is."""
        return f"our {market}"


def quoted(value: Any) -> Any:
    """Turn numbers into strings, as the library's parser of JSON does."""
    if isinstance(value, dict):
        return {key: quoted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [quoted(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value


def listed(market: str, base: str, *, inverse: bool = False, unit: str = "1") -> Listed:
    """Describe a contract in as many words as reading needs."""
    settle = base if inverse else "USDT"
    contract = Perpetual(
        symbol=f"{base}/{'USD' if inverse else 'USDT'}:{settle}",
        base=base,
        quote="USD" if inverse else "USDT",
        settle=settle,
        payoff=Payoff.INVERSE if inverse else Payoff.LINEAR,
        contract_size=D(unit),
        contracts_step=Contracts(D("0.001")),
        contracts_min=Contracts(D("0.001")),
        notional_min=Notional(D(5)),
        price_tick=Price(D("0.1")),
        fee_maker=Ratio(D("0.0002")),
        fee_taker=Ratio(D("0.0005")),
        funding_interval_hours=8,
        margin_rule=MarginRule.MARK,
        tiers=(),
    )
    return Listed(contract=contract, market=market)


BTC = listed("BTCUSDT", "BTC")


def answers_of(venue: str, files: Mapping[str, str]) -> dict[str, Any]:
    """Read fixtures; a name in brackets is one element of a list."""
    found = {}
    for endpoint, name in files.items():
        answer = fixture(venue, f"{name.strip('[]')}.json")
        found[endpoint] = [answer] if name.startswith("[") else answer
    return found


class OnePage(Canned):
    """A venue whose lists have one page only, whatever they say of another."""

    async def ask(
        self, endpoint: str, params: Mapping[str, object] | None = None, *, client: Client = "futures"
    ) -> object:
        """Answer the first page, and then nothing."""
        if (params or {}).get("cursor"):
            return {"retCode": "0", "result": {"list": [], "nextPageCursor": ""}}
        return await super().ask(endpoint, params, client=client)
