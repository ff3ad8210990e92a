"""What is possible where, as data: venue x mode x kind of contract, and how each venue is reached.

``hedgerow venues`` shows it; the adapter and the settings go by it. Rates are the library's weights a window.
"""

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

from bot.adapters.venues.manner import Client
from bot.core.values import record

Mode = Literal["paper", "local", "testnet", "live"]
"""paper: real prices, model account. local: a test exchange on this machine. testnet: the venue's play money. live: money."""
Kind = Literal["linear", "inverse", "linear dated", "inverse dated"]
Sandbox = Literal["demo", "sandbox"]


@record
class ClientFacts:
    """One client of the library."""

    library_id: str
    options: Mapping[str, object] = field(default_factory=dict)


@record
class VenueFacts:
    """One venue."""

    name: str
    title: str
    kinds: tuple[Kind, ...]
    clients: Mapping[Client, ClientFacts]
    hosts_live: frozenset[str]
    hosts_testnet: frozenset[str] = frozenset()
    sandbox: Sandbox | None = None
    """How the library is told to use play money; None if the venue has none that can carry a hedge."""
    testnet_kinds: tuple[Kind, ...] = ()
    testnet_lacks: str = ""
    """What play money lacks, or why there is none, and what to do instead."""
    lacks: str = ""
    """What this venue lacks everywhere."""
    weight_max: Decimal
    window_ms: int
    needs_passphrase: bool = False


SWAPS: Mapping[str, object] = MappingProxyType({"defaultType": "swap"})
BINANCE_SPOT = ClientFacts(library_id="binance", options={"defaultType": "spot", "fetchMargins": False})
LOCAL_INSTEAD = "rehearse with mode local and hedgerow testexchange"

VENUES: dict[str, VenueFacts] = {
    facts.name: facts
    for facts in (
        VenueFacts(
            name="binance-usdm",
            title="Binance USD-M",
            kinds=("linear", "linear dated"),
            clients={"futures": ClientFacts(library_id="binanceusdm"), "spot": BINANCE_SPOT},
            hosts_live=frozenset({"fapi.binance.com", "api.binance.com"}),
            hosts_testnet=frozenset({"demo-fapi.binance.com", "demo-api.binance.com"}),
            sandbox="demo",
            testnet_kinds=("linear", "linear dated"),
            testnet_lacks="no transfers, and nothing is told about keys",
            weight_max=Decimal(1200),
            window_ms=60_000,
        ),
        VenueFacts(
            name="binance-coinm",
            title="Binance COIN-M",
            kinds=("inverse", "inverse dated"),
            clients={"futures": ClientFacts(library_id="binancecoinm"), "spot": BINANCE_SPOT},
            hosts_live=frozenset({"dapi.binance.com", "api.binance.com"}),
            hosts_testnet=frozenset({"demo-dapi.binance.com", "demo-api.binance.com"}),
            sandbox="demo",
            testnet_kinds=("inverse", "inverse dated"),
            testnet_lacks="no transfers, and nothing is told about keys",
            weight_max=Decimal(1200),
            window_ms=60_000,
        ),
        VenueFacts(
            name="bybit",
            title="Bybit",
            kinds=("linear", "inverse", "linear dated", "inverse dated"),
            clients={
                "futures": ClientFacts(
                    library_id="bybit", options={"fetchMarkets": {"types": ["spot", "linear", "inverse"]}}
                )
            },
            hosts_live=frozenset({"api.bybit.com"}),
            hosts_testnet=frozenset({"api-testnet.bybit.com"}),
            sandbox="sandbox",
            testnet_kinds=("linear", "inverse", "linear dated", "inverse dated"),
            weight_max=Decimal(250),
            window_ms=5_000,
        ),
        VenueFacts(
            name="bingx",
            title="BingX",
            kinds=("linear", "inverse"),
            clients={"futures": ClientFacts(library_id="bingx", options=SWAPS)},
            hosts_live=frozenset({"open-api.bingx.com"}),
            hosts_testnet=frozenset({"open-api-vst.bingx.com"}),
            sandbox="sandbox",
            testnet_kinds=("linear",),
            testnet_lacks="linear only, in play coin VST",
            lacks="no dated contracts; no margin tiers of inverse ones: set them",
            weight_max=Decimal(20),
            window_ms=2_000,
        ),
        VenueFacts(
            name="mexc",
            title="MEXC",
            kinds=("linear", "inverse"),
            clients={"futures": ClientFacts(library_id="mexc", options=SWAPS)},
            hosts_live=frozenset({"api.mexc.com", "contract.mexc.com"}),
            testnet_lacks=f"the venue has no play money: {LOCAL_INSTEAD}",
            lacks="no dated contracts; the venue opens trading by key to some accounts only",
            weight_max=Decimal(1200),
            window_ms=60_000,
        ),
        VenueFacts(
            name="weex",
            title="WEEX",
            kinds=("linear",),
            clients={"futures": ClientFacts(library_id="weex", options=SWAPS)},
            hosts_live=frozenset({"api-contract.weex.com", "api-spot.weex.com"}),
            testnet_lacks=f"orders cannot be looked up or cancelled with play money: {LOCAL_INSTEAD}",
            lacks="no inverse, no dated contracts; no margin tiers: set them; no transfers",
            weight_max=Decimal(3000),
            window_ms=60_000,
            needs_passphrase=True,
        ),
    )
}
"""By the names users know them by."""


def obstacle(venue: str, mode: Mode, kind: Kind) -> str:
    """Say why a hedge in a kind of contract cannot be run at a venue in a mode, with the remedy; nothing if it can."""
    facts = VENUES[venue]
    if kind not in facts.kinds:
        others = ", ".join(one.name for one in VENUES.values() if kind in one.kinds)
        return f"{facts.title} has no {kind} contracts: choose {others}"
    if mode == "testnet" and facts.sandbox is None:
        return f"{facts.title}: {facts.testnet_lacks}"
    if mode == "testnet" and kind not in facts.testnet_kinds:
        return f"{facts.title} has no {kind} contracts for play money: {LOCAL_INSTEAD}"
    return ""


def hosts_of(venue: str, mode: Mode) -> frozenset[str]:
    """List the hosts a request may go to; in mode local they are names only, and the address takes all."""
    facts = VENUES[venue]
    return facts.hosts_testnet if mode == "testnet" else facts.hosts_live
