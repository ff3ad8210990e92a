"""What is possible where, as data: venue x mode x kind of contract, and how each venue is reached.

``hedgerow venues`` shows it; the adapter and the settings go by it. Rates are the library's weights a window.
"""

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, get_args

from bot.adapters.venues.manner import Client
from bot.core.instruments import MarginMode
from bot.core.values import record

Mode = Literal["paper", "local", "testnet", "live"]
"""paper: real prices, model account. local: a test exchange on this machine. testnet: the venue's play money. live: money."""
Kind = Literal["linear", "inverse", "linear dated", "inverse dated"]
Sandbox = Literal["demo", "sandbox"]
Feature = Literal[
    "post-only",
    "immediate or cancel",
    "reduce-only",
    "orders by our name",
    "cross margin",
    "isolated margin",
    "transfers by key",
    "margin tiers told",
    "account's fees told",
    "key's rights told",
    "funding paid told",
    "funding history told",
    "liquidation told",
    "maintenance told",
    "adl rank told",
    "contract size proved",
]
FEATURES: tuple[Feature, ...] = get_args(Feature)
"""What a hedge may need of a venue beside its contracts."""


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
    lacking: Mapping[Feature, str] = field(default_factory=dict)
    """Why a feature is not there or not for all contracts, and what to do; what is not named is there."""
    testnet_lacking: Mapping[Feature, str] = field(default_factory=dict)
    """The same for play money, where it lacks more."""
    leverage_whole: bool = True
    """Whether leverage is set in whole numbers only."""
    weight_max: Decimal
    window_ms: int
    needs_passphrase: bool = False
    rates_by_page: bool = False
    """Whether settled funding is told page by page from the newest on, and cannot be asked for by time."""


SWAPS: Mapping[str, object] = MappingProxyType({"defaultType": "swap"})
BINANCE_SPOT = ClientFacts(
    library_id="binance",
    options={"defaultType": "spot", "fetchMargins": False, "fetchMarkets": {"types": ["spot"]}},
)
"""Spot markets alone: the others are on hosts of other products."""
DEMO_LACKS: Mapping[Feature, str] = MappingProxyType(
    {
        "transfers by key": "the demo has none: fill its futures wallet on the demo's page",
        "key's rights told": "the demo does not say: make its key without withdrawal all the same",
    }
)
OWN_TIERS = "set them: hedges.NAME.tiers"
SEE_PAGE = "look at the venue's page"
FORECAST = "our forecast stands in"
UNPROVED = "the venue gives positions no value: state hedges.NAME.contract_size to have it compared"
RIGHTS_UNTOLD = "see on the venue's page that the key cannot withdraw"
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
            testnet_lacking=DEMO_LACKS,
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
            testnet_lacking=DEMO_LACKS,
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
            leverage_whole=False,
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
            lacks="no dated contracts",
            lacking={
                "margin tiers told": f"of linear contracts only; for inverse ones {OWN_TIERS}",
                "funding paid told": "of linear contracts only; of inverse ones it is missing in profits",
                "funding history told": "of linear contracts only; for inverse ones a stage funding changes nothing",
                "contract size proved": f"of linear contracts only; of inverse ones {UNPROVED}",
                "maintenance told": FORECAST,
                "adl rank told": SEE_PAGE,
            },
            weight_max=Decimal(20),
            window_ms=2_000,
        ),
        VenueFacts(
            name="mexc",
            title="MEXC",
            kinds=("linear", "inverse"),
            clients={"futures": ClientFacts(library_id="mexc", options=SWAPS)},
            rates_by_page=True,
            hosts_live=frozenset({"api.mexc.com", "contract.mexc.com"}),
            testnet_lacks=f"the venue has no play money: {LOCAL_INSTEAD}",
            lacks="no dated contracts; the venue opens trading by key to some accounts only",
            lacking={
                "isolated margin": "orders always ask for cross: set margin_mode to cross, or choose another venue",
                "account's fees told": "the contract's list fees are gone by",
                "key's rights told": RIGHTS_UNTOLD,
                "maintenance told": FORECAST,
                "adl rank told": SEE_PAGE,
                "contract size proved": UNPROVED,
            },
            weight_max=Decimal(1200),
            window_ms=60_000,
        ),
        VenueFacts(
            name="weex",
            title="WEEX",
            kinds=("linear",),
            clients={
                "futures": ClientFacts(
                    library_id="weex", options={**SWAPS, "fetchOHLCV": {"historical": True}}
                )
            },
            hosts_live=frozenset({"api-contract.weex.com", "api-spot.weex.com"}),
            testnet_lacks=f"orders cannot be looked up or cancelled with play money: {LOCAL_INSTEAD}",
            lacks="no inverse, no dated contracts",
            lacking={
                "isolated margin": "leverage is set for cross only: set margin_mode to cross, or choose another venue",
                "transfers by key": "the venue moves no money by key: move it on its page, and set guard.top_ups = false",
                "margin tiers told": OWN_TIERS,
                "key's rights told": RIGHTS_UNTOLD,
                "maintenance told": FORECAST,
                "adl rank told": SEE_PAGE,
            },
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


def lacking(venue: str, mode: Mode, feature: Feature) -> str:
    """Say why a feature is not to be had at a venue in a mode, or not for all contracts, and what to do; nothing if it is."""
    facts = VENUES[venue]
    here = facts.testnet_lacking.get(feature, "") if mode == "testnet" else ""
    return here or facts.lacking.get(feature, "")


def margin_obstacle(venue: str, margin_mode: MarginMode) -> str:
    """Say why an account cannot be run in a margin mode at a venue, with the remedy; nothing if it can."""
    why = VENUES[venue].lacking.get("isolated margin" if margin_mode == "isolated" else "cross margin", "")
    return why and f"{VENUES[venue].title} is not run with {margin_mode} margin: {why}"
