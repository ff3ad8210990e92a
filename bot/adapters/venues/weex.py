"""WEEX: linear perpetuals whose long and short sides always stand apart; only the short side is used.

Sources: the venue's API documentation v3 as of ccxt 4.5.90; what a code means follows the reference (venues.md, section 10).
A buy closes the short side only if it says so; one that does not would open a long, and is not sent.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from bot.adapters.venues.answers import Row, ShapeError, flag, number, number_or, row, rows, text, time_ms
from bot.adapters.venues.manner import Api, KeyFacts, Listed, Modes, Ticket, Wire
from bot.adapters.venues.orders import ORDER_STATES, own_hand, price_words, ticket_of, words_missing
from bot.adapters.venues.outcomes import Codes, Outcome, RequestFailed, codes_of
from bot.adapters.venues.weex_market import WeexMarket
from bot.core.orders import OrderRequest, OrderState, TimeInForce
from bot.core.reports import Fill, OrderReport, Payment, TransferReport
from bot.core.snapshot import Position, Transfer, Wallet
from bot.core.values import ONE, ZERO, Contracts, Money, Price, Side

CODES = Codes(
    outcomes=codes_of(
        rejected="-1180 -1121 -1140 -1141 -1142 -1160 -3007",
        retry="-1046",
        rate_limited="-1003 429",
        auth="-1040 -1041 -1042 -1043 -1044 -1047 -1048 -1049 -1050 -1051 -1052 -1053 -1055 -1056 -1057 -1190 -3235 -3236",
        gone="-3200",
    ),
    by_message=(("-1054", "available amount not enough", Outcome.REJECTED),),
)
STATES = ORDER_STATES | {
    "PARTIAL_FILL": OrderState.OPEN,
    "PENDING": OrderState.OPEN,
    "CANCELING": OrderState.OPEN,
    "CANCELLED": OrderState.CANCELLED,
}
TIMES_IN_FORCE = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.POST_ONLY: "POST_ONLY"}
MEANT = {"POST_ONLY": TimeInForce.POST_ONLY, "IOC": TimeInForce.IOC}
MONEY_MOVED: Mapping[str, Literal["funding", "transfer"]] = {
    "position_funding": "funding",
    "transfer_in": "transfer",
    "transfer_out": "transfer",
    "deposit": "transfer",
    "withdraw": "transfer",
}
"""Bills that are payments. The contracts' wallet calls what comes from the spot wallet a deposit as well."""
ROWS_MAX = 100


class Weex(WeexMarket):
    """The ways of WEEX."""

    name = "weex"
    codes = CODES
    private_terms = False
    separate_wallets = True

    # --- orders -----------------------------------------------------------------------------------------------

    def unit(self, market: Mapping[str, object]) -> Decimal | None:
        """Size is in coins, whatever the library's contract size says: that is the step of sizes."""
        del market
        return ONE

    def code_of(self, answer: object) -> tuple[str, str]:
        """Read ``{code, msg}``."""
        if not isinstance(answer, Mapping) or "code" not in answer:
            return "", ""
        return str(answer["code"]), str(answer.get("msg", ""))

    def ticket(self, request: OrderRequest, listed: Listed) -> Ticket:
        """Put an order into the library's arguments.

        Raises:
            ValueError: it would open a long, or close one.
        """
        if (request.side is Side.BUY) is not request.reduce_only:
            raise ValueError(
                "only shorts are opened and closed here: a buy has to be reduce-only, a sell must not be"
            )
        return ticket_of(request, "clientOrderId", TIMES_IN_FORCE, {}, listed)

    def places(self, wire: Wire) -> bool:
        """Whether a request would place, or change, an order."""
        end = wire.path.rsplit("/", 1)[-1]
        return wire.method == "POST" and end in {
            "order",
            "batchOrders",
            "algoOrder",
            "closePositions",
            "placeTpSlOrder",
        }

    def misread(self, wire: Wire, request: OrderRequest, listed: Listed) -> str:
        """Say where the venue would read an order otherwise than it is meant, or nothing."""
        wanted: dict[str, object] = {
            "symbol": listed.market,
            "side": request.side.value.upper(),
            "positionSide": "SHORT",
            "type": "MARKET" if request.limit_price is None else "LIMIT",
            "newClientOrderId": request.client_order_id,
            "quantity": request.contracts,
            "reduceOnly": "true" if request.reduce_only else None,
            **price_words(request, TIMES_IN_FORCE),
        }
        return words_missing(wire.words, wanted)

    async def order(self, api: Api, one: Listed, client_order_id: str) -> OrderReport | None:
        """Look an order up by our name; None if the venue says it has none."""
        asked = {"symbol": one.market, "origClientOrderId": client_order_id}
        try:
            answer = await api.ask("contractPrivateGetCapiV3Order", asked)
        except RequestFailed as failed:
            if failed.outcome is Outcome.GONE:
                return None
            raise
        return _report(api, row(answer, "order"), one.contract.symbol)

    async def open_orders(self, api: Api, listed: tuple[Listed, ...]) -> tuple[OrderReport, ...]:
        """Read open orders in some contracts, everybody's."""
        found: list[OrderReport] = []
        for one in listed:
            asked = {"symbol": one.market, "limit": ROWS_MAX}
            told = await _newest_first(api, "contractPrivateGetCapiV3OpenOrders", asked, "orderId")
            found += [_report(api, item, one.contract.symbol) for item in told]
        return tuple(found)

    async def cancel(self, api: Api, one: Listed, client_order_id: str) -> None:
        """Take an order back; what is answered says nothing about how it ended."""
        asked = {"symbol": one.market, "origClientOrderId": client_order_id}
        await api.ask("contractPrivateDeleteCapiV3Order", asked)

    # --- the account ------------------------------------------------------------------------------------------

    async def wallets(self, api: Api, listed: tuple[Listed, ...]) -> tuple[Wallet, ...]:
        """Read futures wallets, and what lies in the spot wallet beside them; maintenance is not told."""
        answer = rows(await api.ask("contractPrivateGetCapiV3AccountBalance"), "balance")
        coins = {text(item, "asset"): item for item in answer}
        account = row(await api.ask("privateGetApiV3Account"), "spot account")
        spot = {
            text(item, "asset"): number(item, "free") + number(item, "locked")
            for item in rows(account.get("balances"), "spot balances")
        }
        wanted = {asset for one in listed for asset in (one.contract.settle, one.contract.base)}
        shown = wanted | {asset for asset, item in coins.items() if number(item, "balance") != ZERO}
        return tuple(_wallet(asset, coins.get(asset), spot.get(asset, ZERO)) for asset in sorted(shown))

    async def positions(self, api: Api, listed: tuple[Listed, ...]) -> tuple[Position, ...]:  # noqa: ARG002 - the manners' form
        """Read all open positions."""
        answer = await api.ask("contractPrivateGetCapiV3AccountPositionAllPosition")
        found = rows(answer, "positions")
        return tuple(_position(api, item) for item in found if number(item, "size") != ZERO)

    async def position(self, api: Api, one: Listed) -> Position | None:
        """Read one position by its own symbol."""
        found = await _single(api, one)
        return None if found is None else _position(api, found)

    async def position_value(self, api: Api, one: Listed) -> tuple[Contracts, Decimal] | None:
        """Read a position's size, and its value at entry moved by its profit: the venue gives no other."""
        found = await _single(api, one)
        if found is None:
            return None
        position, profit = _position(api, found), number_or(found, "unrealizePnl")
        side = 1 if position.contracts > ZERO else -1
        return position.contracts, number(found, "openValue") + side * profit

    async def modes(self, api: Api, one: Listed) -> Modes:
        """Read margin mode and leverage; sides that are combined count as one-way, as only one of them is used."""
        answer = await api.ask("contractPrivateGetCapiV3AccountSymbolConfig", {"symbol": one.market})
        found = (
            rows(answer, "symbol config")[0] if isinstance(answer, list) and answer else row(answer, "config")
        )
        cross = text(found, "marginType") == "CROSSED"
        return Modes(
            one_way=text(found, "separatedType") == "COMBINED",
            margin_mode="cross" if cross else "isolated",
            leverage=number(found, "crossLeverage" if cross else "isolatedShortLeverage"),
        )

    async def key(self, api: Api) -> KeyFacts | None:
        """Tell nothing: the venue does not say what a key may do."""
        del api
        return None

    # --- what happened ----------------------------------------------------------------------------------------

    async def fills(self, api: Api, one: Listed, from_ms: int, to_ms: int) -> tuple[Fill, ...]:
        """List fills within a time, page by page."""
        found: dict[str, Row] = {}
        start_ms = from_ms
        while True:
            asked = {"symbol": one.market, "startTime": start_ms, "endTime": to_ms, "limit": ROWS_MAX}
            page = rows(await api.ask("contractPrivateGetCapiV3UserTrades", asked), "fills")
            known = len(found)
            found |= {text(item, "id"): item for item in page}
            if len(page) < ROWS_MAX or len(found) == known:
                break
            start_ms = max(time_ms(item, "time") for item in page)
        ordered = sorted(found.values(), key=lambda item: (time_ms(item, "time"), int(text(item, "id"))))
        return tuple([await _fill(api, one, item) for item in ordered])

    async def payments(
        self, api: Api, listed: tuple[Listed, ...], from_ms: int, to_ms: int
    ) -> tuple[Payment, ...]:
        """List funding and transfers within a time, of the whole account, page by page from the newest on."""
        del listed
        asked = {"startTime": from_ms, "endTime": to_ms, "limit": ROWS_MAX}
        told = await _newest_first(api, "contractPrivatePostCapiV3AccountIncome", asked, "billId")
        moved = [item for item in told if text(item, "incomeType") in MONEY_MOVED]
        return tuple(_payment(api, item) for item in sorted(moved, key=lambda item: time_ms(item, "time")))

    # --- what changes something -------------------------------------------------------------------------------

    async def transfer(
        self,
        api: Api,  # noqa: ARG002 - the manners' form
        name: str,
        asset: str,
        amount: Decimal,
        one: Listed,  # noqa: ARG002 - the manners' form
    ) -> TransferReport:
        """Refuse: the venue moves no money by key."""
        reason = f"this venue moves no money by key: move {amount:f} {asset} on its page"
        return TransferReport(transfer_id=name, state="refused", reason=reason)

    async def transfer_of(
        self,
        api: Api,  # noqa: ARG002 - the manners' form
        transfer: Transfer,
        one: Listed,  # noqa: ARG002 - the manners' form
    ) -> TransferReport | None:
        """Say that it was refused: none ever leaves."""
        reason = "this venue moves no money by key"
        return TransferReport(transfer_id=transfer.transfer_id, state="refused", reason=reason)

    async def set_leverage(self, api: Api, one: Listed, leverage: Decimal) -> None:
        """Set a contract's leverage."""
        asked = {"symbol": one.market, "marginType": "CROSSED", "crossLeverage": f"{leverage:f}"}
        await api.ask("contractPrivatePostCapiV3AccountLeverage", asked)

    async def set_cross(self, api: Api, one: Listed) -> None:
        """Let the whole wallet back each position, whose sides are combined."""
        asked = {"symbol": one.market, "marginType": "CROSSED", "separatedType": "COMBINED"}
        await api.ask("contractPrivatePostCapiV3AccountMarginType", asked)

    async def set_one_way(self, api: Api, one: Listed) -> None:
        """Combine the sides: there is no other one-way here."""
        await self.set_cross(api, one)


async def _single(api: Api, one: Listed) -> Row | None:
    asked = {"symbol": one.market}
    answer = await api.ask("contractPrivateGetCapiV3AccountPositionSinglePosition", asked)
    found = [row(answer, "position")] if isinstance(answer, Mapping) else list(rows(answer, "position"))
    held = [item for item in found if number(item, "size") != ZERO]
    return held[0] if held else None


def _position(api: Api, found: Row) -> Position:
    size, liquidation = number(found, "size"), number_or(found, "liquidatePrice")
    return Position(
        symbol=api.symbol_of(text(found, "symbol")),
        contracts=Contracts(-size if text(found, "side") == "SHORT" else size),
        entry_price=Price(number(found, "openValue") / size),
        realised_pnl=Money(ZERO),
        isolated_margin=Money(number(found, "isolatedMargin"))
        if text(found, "marginType") == "ISOLATED"
        else None,
        liquidation_price=Price(liquidation) if liquidation > ZERO else None,
    )


def _wallet(asset: str, found: Row | None, spare: Decimal) -> Wallet:
    if found is None:
        return Wallet(asset=asset, balance=Money(ZERO), deposited=Money(ZERO), spare=Money(spare))
    balance = number(found, "balance")
    return Wallet(
        asset=asset,
        balance=Money(balance),
        deposited=Money(ZERO),
        spare=Money(spare),
        equity=Money(balance + number_or(found, "unrealizePnl")),
    )


def _report(api: Api, found: Row, symbol: str) -> OrderReport:
    name, word = text(found, "clientOrderId"), text(found, "status")
    api.names[text(found, "orderId")] = name
    state = STATES.get(word, OrderState.UNKNOWN)
    return OrderReport(
        client_order_id=name,
        symbol=symbol,
        state=state,
        filled=Contracts(number_or(found, "executedQty")),
        reason="" if state is OrderState.OPEN else f"the venue says {word.lower()}",
        request=OrderRequest(
            client_order_id=name,
            symbol=symbol,
            side=Side(text(found, "side").lower()),
            contracts=Contracts(number(found, "origQty")),
            limit_price=None if text(found, "type") == "MARKET" else Price(number(found, "price")),
            time_in_force=MEANT.get(text(found, "timeInForce"), TimeInForce.GTC),
            reduce_only=flag(found, "reduceOnly"),
        ),
    )


async def _fill(api: Api, one: Listed, found: Row) -> Fill:
    order_id = text(found, "orderId")
    if order_id not in api.names:
        asked = {"symbol": one.market, "orderId": order_id}
        order = row(await api.ask("contractPrivateGetCapiV3Order", asked), "order")
        api.names[order_id] = text(order, "clientOrderId")
    in_settle = text(found, "commissionAsset") == one.contract.settle
    return Fill(
        fill_id=text(found, "id"),
        client_order_id=own_hand(api.names[order_id]),
        symbol=one.contract.symbol,
        side=Side(text(found, "side").lower()),
        contracts=Contracts(number(found, "qty")),
        price=Price(number(found, "price")),
        fee=Money(number(found, "commission") if in_settle else ZERO),
        realised_pnl=Money(number(found, "realizedPnl")),
        maker=flag(found, "maker"),
        at_ms=time_ms(found, "time"),
    )


async def _newest_first(api: Api, endpoint: str, asked: Mapping[str, object], key: str) -> list[Row]:
    """Read a list page by page from the newest on, each up to the time of the oldest of the page before.

    Raises:
        ShapeError: a whole page bears one time, so that what is before it cannot be asked for.
    """
    found: dict[str, Row] = {}
    while True:
        answer = await api.ask(endpoint, asked)
        page = rows(answer.get("items") if isinstance(answer, Mapping) else answer, endpoint)
        known = len(found)
        found |= {text(item, key): item for item in page}
        if len(page) < ROWS_MAX:
            return list(found.values())
        oldest_ms = min(time_ms(item, "time") for item in page)
        if len(found) == known:
            raise ShapeError(
                f"{endpoint}: a whole page bears the time {oldest_ms}, and none before it are told"
            )
        asked = {**asked, "endTime": oldest_ms}


def _payment(api: Api, found: Row) -> Payment:
    market = str(found.get("symbol") or "")
    return Payment(
        payment_id=text(found, "billId"),
        kind=MONEY_MOVED[text(found, "incomeType")],
        symbol=api.symbol_of(market) if market else None,
        asset=text(found, "asset"),
        amount=Money(number(found, "income")),
        at_ms=time_ms(found, "time"),
    )
