"""What every venue's file answers to: how one venue is asked, and how its answers are read.

A manner asks through an :class:`Api` and reads raw answers; it never sees a library's reading of them. All sizes it takes and
gives are contracts of our :class:`~bot.core.instruments.Contract`, whose unit is the one that goes over the wire (``unit``).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, Protocol

from bot.adapters.venues.outcomes import Codes
from bot.core.instruments import Contract, MarginMode, Tier
from bot.core.orders import OrderRequest
from bot.core.reports import Fill, OrderReport, Payment, TransferReport
from bot.core.snapshot import Funding, Position, Quote, Transfer, Turnover, Wallet
from bot.core.values import Contracts, record

Client = Literal["futures", "spot"]
"""Which of a venue's clients is meant; most venues have one for both."""


@record
class Listed:
    """A contract and what the venue calls it."""

    contract: Contract
    market: str
    """The venue's own symbol."""


@record
class Ticket:
    """An order in the client library's arguments, beside symbol and side."""

    kind: str | int
    """Order type, as the library has to be told: a word, or a number of the venue's."""
    amount: Decimal
    price: Decimal | None
    params: Mapping[str, object]


@record
class Wire:
    """A request that is about to leave, as the venue will read it."""

    method: str
    path: str
    words: Mapping[str, object]
    """Parameters of query, form and JSON body, decoded."""


@record
class Modes:
    """How an account is set, as far as it concerns one contract."""

    one_way: bool
    margin_mode: MarginMode
    leverage: Decimal
    multi_asset: bool | None = None
    """Whether coins of other kinds back a position; None if the venue has no such mode."""


@record
class KeyFacts:
    """What a key may do; None where the venue does not tell."""

    may_read: bool | None
    may_trade: bool | None
    may_transfer: bool | None
    may_withdraw: bool | None
    bound_to_addresses: bool | None


class Api(Protocol):
    """One venue's client, as manners use it: raw endpoints by the library's names for them."""

    names: dict[str, str]
    """Our names for orders by the venue's numbers, as far as they are known."""

    async def ask(
        self, endpoint: str, params: Mapping[str, object] | None = None, *, client: Client = "futures"
    ) -> object:
        """Ask; returns the JSON as it came, numbers as strings.

        Raises:
            RequestFailed: there is no answer, or it is a refusal.
        """

    def symbol_of(self, market: str) -> str:
        """Give our symbol of a venue's symbol; the venue's own if it lists none such."""


class Manner(Protocol):
    """One venue's ways."""

    name: str
    """As users name the venue."""
    codes: Codes
    private_terms: bool
    """Whether margin tiers are told to key holders only."""
    separate_wallets: bool
    """Whether spot and futures money lie apart, so that margin has to be moved."""

    def unit(self, market: Mapping[str, object]) -> Decimal | None:
        """Give the coins (linear) or quote currency (inverse) that one unit of size stands for; None if not tradable here.

        ``market`` is the library's description with the venue's own under ``info``.
        """

    def code_of(self, answer: object) -> tuple[str, str]:
        """Read code and message of a refusal; both empty if there are none."""

    def ticket(self, request: OrderRequest, listed: Listed) -> Ticket:
        """Put an order into the library's arguments."""

    def places(self, wire: Wire) -> bool:
        """Whether a request would place, or change, an order."""

    def misread(self, wire: Wire, request: OrderRequest, listed: Listed) -> str:
        """Say where the venue would read an order otherwise than it is meant, or nothing."""

    async def clock_ms(self, api: Api) -> int:
        """Read the venue's clock."""

    async def wallets(self, api: Api, listed: tuple[Listed, ...]) -> tuple[Wallet, ...]:
        """Read the wallets of all coins that the contracts are on, settle in or are quoted in, and others with money."""

    async def positions(self, api: Api, listed: tuple[Listed, ...]) -> tuple[Position, ...]:
        """Read all open positions, of contracts that are not listed here, too."""

    async def position(self, api: Api, one: Listed) -> Position | None:
        """Read one position from a second source; None if it is flat."""

    async def position_value(self, api: Api, one: Listed) -> tuple[Contracts, Decimal] | None:
        """Read a position's signed contracts and, by the venue's own word, its unsigned value in settlement currency.

        None if it is flat or the venue does not tell a value: what a contract stands for is proved by it.
        """

    async def open_orders(self, api: Api, listed: tuple[Listed, ...]) -> tuple[OrderReport, ...]:
        """Read open orders in some contracts, everybody's."""

    async def order(self, api: Api, one: Listed, client_order_id: str) -> OrderReport | None:
        """Look an order up by our name; None if the venue says it has none."""

    async def cancel(self, api: Api, one: Listed, client_order_id: str) -> None:
        """Take an order back."""

    async def fills(self, api: Api, one: Listed, from_ms: int, to_ms: int) -> tuple[Fill, ...]:
        """List fills within a time, oldest first; the time is no longer than a day."""

    async def payments(
        self, api: Api, listed: tuple[Listed, ...], from_ms: int, to_ms: int
    ) -> tuple[Payment, ...]:
        """List funding, transfers and the like within a time, oldest first; the time is no longer than a day."""

    async def quotes(self, api: Api, listed: tuple[Listed, ...]) -> tuple[Quote, ...]:
        """Read prices; a contract without a price is left out."""

    async def spot_quote(self, api: Api, symbol: str, market: str, asked_ms: int) -> Quote | None:
        """Read the best prices of a spot market that the venue calls ``market``; None if it has none.

        ``asked_ms`` is when it was asked: it dates the answer where the venue does not.
        """

    async def funding(self, api: Api, one: Listed) -> Funding | None:
        """Read the next funding of a perpetual."""

    async def turnover(self, api: Api, one: Listed) -> Turnover | None:
        """Read how busy a contract is."""

    async def closes(self, api: Api, one: Listed, days: int) -> tuple[Decimal, ...]:
        """Read daily closes, oldest first, without the day that has not closed."""

    async def tiers(self, api: Api, one: Listed) -> tuple[Tier, ...]:
        """Read margin tiers in settlement value; empty if the venue tells none."""

    async def fees(self, api: Api, one: Listed) -> tuple[Decimal, Decimal] | None:
        """Read the account's maker and taker fee; None if the venue does not tell."""

    async def modes(self, api: Api, one: Listed) -> Modes:
        """Read how the account is set."""

    async def key(self, api: Api) -> KeyFacts | None:
        """Read what the key may do; None if the venue does not tell."""

    async def transfer(self, api: Api, name: str, asset: str, amount: Decimal, one: Listed) -> TransferReport:
        """Move money from the spot wallet to the futures wallet that backs a contract."""

    async def transfer_of(self, api: Api, transfer: Transfer, one: Listed) -> TransferReport | None:
        """Look a transfer up; None if the venue has no record of it."""

    async def set_leverage(self, api: Api, one: Listed, leverage: Decimal) -> None:
        """Set a contract's leverage."""

    async def set_cross(self, api: Api, one: Listed) -> None:
        """Let the whole wallet back each position."""

    async def set_one_way(self, api: Api, one: Listed) -> None:
        """Let a contract have one net position."""
