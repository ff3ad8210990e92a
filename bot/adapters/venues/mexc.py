"""MEXC: linear and inverse perpetuals, sized in contracts; spot and futures money lie apart.

Sources: the venue's API documentation as of ccxt 4.5.90; what a code means follows the reference (venues.md, section 10).
Sides are numbers: 1 and 3 open, 2 and 4 close. How an order is margined is said with each order: always by the whole wallet.
"""

from collections.abc import Mapping
from decimal import Decimal

from bot.adapters.venues.answers import Row, number, number_or, row, rows, text, time_ms
from bot.adapters.venues.manner import Api, KeyFacts, Listed, Modes, Ticket, Wire
from bot.adapters.venues.mexc_market import MexcMarket, data_of
from bot.adapters.venues.orders import own_hand, ticket_of, words_missing
from bot.adapters.venues.outcomes import Codes, Outcome, RequestFailed, codes_of
from bot.core.instruments import settle_of
from bot.core.orders import OrderRequest, OrderState, TimeInForce
from bot.core.reports import Fill, OrderReport, Payment, TransferReport
from bot.core.snapshot import Position, Transfer, Wallet
from bot.core.values import ONE, ZERO, Contracts, Money, Price, Side

CODES = Codes(
    outcomes=codes_of(
        rejected="2005 2003 2009 1002 2011 2001 2002 2004 2006 2007 2008 2013 2014 2015 2018 1001 10101"
        " 10096 10097 10102 10232 33333",
        retry="603 700003",
        rate_limited="510",
        auth="401 402 403 406 511 602 701 702 703 704 10072 10073 700002 700006 700007",
        gone="2040 2041",
    ),
)
STATES = {
    "1": OrderState.OPEN,
    "2": OrderState.OPEN,
    "3": OrderState.FILLED,
    "4": OrderState.CANCELLED,
    "5": OrderState.REJECTED,
}
TYPES = {TimeInForce.GTC: 1, TimeInForce.POST_ONLY: 2, TimeInForce.IOC: 3}
MARKET = 5
MEANT = {"2": TimeInForce.POST_ONLY, "3": TimeInForce.IOC}
CROSS, ONE_WAY, SHORT = "2", "2", "2"
"""Numbers of margin mode, position mode and position type."""
BUYS = frozenset({"1", "2"})
REDUCES = frozenset({"2", "4"})
ROWS_MAX = 100
TRANSFER_SLACK_MS = 5_000


class Mexc(MexcMarket):
    """The ways of MEXC."""

    name = "mexc"
    codes = CODES
    private_terms = False
    separate_wallets = True

    # --- orders -----------------------------------------------------------------------------------------------

    def unit(self, market: Mapping[str, object]) -> Decimal | None:
        """Size is in contracts; a contract that the venue does not open to keys is not traded."""
        size, info = market.get("contractSize"), market.get("info")
        closed = isinstance(info, Mapping) and str(info.get("apiAllowed", "true")).lower() == "false"
        return None if size is None or closed else Decimal(str(size))

    def code_of(self, answer: object) -> tuple[str, str]:
        """Read ``{success, code, message}``; a refusal without a code, or with 0, proves nothing."""
        if not isinstance(answer, Mapping) or "code" not in answer:
            return "", ""
        code = str(answer["code"])
        return (
            ("", "") if code in {"0", "200"} else (code, str(answer.get("message") or answer.get("msg", "")))
        )

    def ticket(self, request: OrderRequest, listed: Listed) -> Ticket:
        """Put an order into the library's arguments: its type is a number, for other words lose what is meant."""
        ticket = ticket_of(request, "externalOid", dict.fromkeys(TimeInForce, ""), {}, listed)
        params = {key: value for key, value in ticket.params.items() if key != "timeInForce"}
        kind = MARKET if request.limit_price is None else TYPES[request.time_in_force]
        return Ticket(kind=kind, amount=ticket.amount, price=ticket.price, params={**params, "openType": 2})

    def places(self, wire: Wire) -> bool:
        """Whether a request would place, or change, an order."""
        end = wire.path.rsplit("/", 1)[-1]
        return wire.method == "POST" and end in {
            "create",
            "submit",
            "submit_batch",
            "chase_limit_order",
            "change_limit_order",
            "place",
        }

    def misread(self, wire: Wire, request: OrderRequest, listed: Listed) -> str:
        """Say where the venue would read an order otherwise than it is meant, or nothing."""
        buys, reduces = request.side is Side.BUY, request.reduce_only
        side = (2 if reduces else 1) if buys else (4 if reduces else 3)
        wanted: dict[str, object] = {
            "symbol": listed.market,
            "side": side,
            "type": MARKET if request.limit_price is None else TYPES[request.time_in_force],
            "openType": CROSS,
            "externalOid": request.client_order_id,
            "vol": request.contracts,
            "positionMode": None,
        }
        if request.limit_price is not None:
            wanted["price"] = request.limit_price
        return words_missing(wire.words, wanted)

    async def order(self, api: Api, one: Listed, client_order_id: str) -> OrderReport | None:
        """Look an order up by our name; None if the venue says it has none."""
        asked = {"symbol": one.market, "external_oid": client_order_id}
        try:
            answer = await api.ask("contractPrivateGetOrderExternalSymbolExternalOid", asked)
        except RequestFailed as failed:
            if failed.outcome is Outcome.GONE:
                return None
            raise
        return _report(api, row(data_of(answer, "order"), "order"), one.contract.symbol)

    async def open_orders(self, api: Api, listed: tuple[Listed, ...]) -> tuple[OrderReport, ...]:
        """Read open orders in some contracts, everybody's."""
        found: list[OrderReport] = []
        for one in listed:
            asked = {"symbol": one.market, "page_size": ROWS_MAX}
            told = await _pages(api, "contractPrivateGetOrderListOpenOrdersSymbol", asked)
            found += [_report(api, item, one.contract.symbol) for item in told]
        return tuple(found)

    async def cancel(self, api: Api, one: Listed, client_order_id: str) -> None:
        """Take an order back."""
        asked = {"symbol": one.market, "externalOid": client_order_id}
        await api.ask("contractPrivatePostOrderCancelWithExternal", asked)

    # --- the account ------------------------------------------------------------------------------------------

    async def wallets(self, api: Api, listed: tuple[Listed, ...]) -> tuple[Wallet, ...]:
        """Read futures wallets, and what lies in the spot wallet beside them; maintenance is not told."""
        answer = data_of(await api.ask("contractPrivateGetAccountAssets"), "assets")
        coins = {text(item, "currency"): item for item in rows(answer, "assets")}
        account = row(await api.ask("spotPrivateGetAccount"), "spot account")
        spot = {
            text(item, "asset"): number(item, "free") + number(item, "locked")
            for item in rows(account.get("balances"), "spot balances")
        }
        wanted = {asset for one in listed for asset in (one.contract.settle, one.contract.base)}
        shown = wanted | {asset for asset, item in coins.items() if number(item, "equity") != ZERO}
        return tuple(_wallet(asset, coins.get(asset), spot.get(asset, ZERO)) for asset in sorted(shown))

    async def positions(self, api: Api, listed: tuple[Listed, ...]) -> tuple[Position, ...]:  # noqa: ARG002 - the manners' form
        """Read all open positions."""
        return await _held(api, {})

    async def position(self, api: Api, one: Listed) -> Position | None:
        """Read one position by its own symbol."""
        held = await _held(api, {"symbol": one.market})
        return next((item for item in held if item.symbol == one.contract.symbol), None)

    async def position_value(self, api: Api, one: Listed) -> tuple[Contracts, Decimal] | None:
        """Tell nothing: the venue gives positions no value."""
        del api, one
        return None

    async def modes(self, api: Api, one: Listed) -> Modes:
        """Read position mode and the short side's leverage; orders always ask for the whole wallet."""
        mode = data_of(await api.ask("contractPrivateGetPositionPositionMode"), "position mode")
        asked = {"symbol": one.market}
        answer = data_of(await api.ask("contractPrivateGetPositionLeverage", asked), "leverage")
        found = rows(answer or [], "leverage")
        cross = [item for item in found if text(item, "openType") == CROSS] or list(found)
        short = [item for item in cross if text(item, "positionType") == SHORT] or cross
        return Modes(
            one_way=str(mode) == ONE_WAY,
            margin_mode="cross",
            leverage=number(short[0], "leverage") if short else ONE,
        )

    async def key(self, api: Api) -> KeyFacts | None:
        """Tell nothing: the venue does not say what a key may do."""
        del api
        return None

    # --- what happened ----------------------------------------------------------------------------------------

    async def fills(self, api: Api, one: Listed, from_ms: int, to_ms: int) -> tuple[Fill, ...]:
        """List fills within a time, page by page."""
        asked = {"symbol": one.market, "start_time": from_ms, "end_time": to_ms, "page_size": ROWS_MAX}
        found = await _pages(api, "contractPrivateGetOrderListOrderDeals", asked)
        within = [item for item in found if from_ms <= time_ms(item, "timestamp") <= to_ms]
        ordered = sorted(within, key=lambda item: (time_ms(item, "timestamp"), text(item, "id")))
        return tuple([await self._fill(api, one, item) for item in ordered])

    async def _fill(self, api: Api, one: Listed, found: Row) -> Fill:
        side = Side.BUY if text(found, "side") in BUYS else Side.SELL
        size, price = number(found, "vol"), number(found, "price")
        in_settle = found.get("feeCurrency") in {None, "", one.contract.settle}
        return Fill(
            fill_id=text(found, "id"),
            client_order_id=await self._name(api, text(found, "orderId")),
            symbol=one.contract.symbol,
            side=side,
            contracts=Contracts(size),
            price=Price(price),
            fee=Money(number(found, "fee") if in_settle else ZERO),
            realised_pnl=None,
            maker=str(found.get("taker", "true")).lower() == "false",
            at_ms=time_ms(found, "timestamp"),
        )

    async def _name(self, api: Api, order_id: str) -> str:
        """Find our name for an order of which only the venue's number is known."""
        if order_id not in api.names:
            answer = await api.ask("contractPrivateGetOrderGetOrderId", {"order_id": order_id})
            found = row(data_of(answer, "order"), "order")
            api.names[order_id] = str(found.get("externalOid") or "")
        return own_hand(api.names[order_id])

    async def payments(
        self, api: Api, listed: tuple[Listed, ...], from_ms: int, to_ms: int
    ) -> tuple[Payment, ...]:
        """List funding and transfers within a time, of the whole account; the venue sends the newest first."""
        del listed
        funding = await _pages(
            api, "contractPrivateGetPositionFundingRecords", {"page_size": ROWS_MAX}, from_ms
        )
        moved = await _pages(api, "contractPrivateGetAccountTransferRecord", {"page_size": ROWS_MAX}, from_ms)
        payments = [_funding(api, item) for item in funding] + [_moved(item) for item in moved]
        within = [payment for payment in payments if from_ms <= payment.at_ms <= to_ms]
        return tuple(sorted(within, key=lambda payment: payment.at_ms))

    # --- what changes something -------------------------------------------------------------------------------

    async def transfer(
        self,
        api: Api,
        name: str,
        asset: str,
        amount: Decimal,
        one: Listed,  # noqa: ARG002 - the manners' form
    ) -> TransferReport:
        """Move money from the spot wallet; the venue takes no name of ours for it."""
        asked = {
            "fromAccountType": "SPOT",
            "toAccountType": "FUTURES",
            "asset": asset,
            "amount": f"{amount:f}",
        }
        answer = await api.ask("spotPrivatePostCapitalTransfer", asked)
        found = (
            rows(answer, "transfer")[0] if isinstance(answer, list) and answer else row(answer, "transfer")
        )
        text(found, "tranId")
        return TransferReport(transfer_id=name, state="done")

    async def transfer_of(
        self,
        api: Api,
        transfer: Transfer,
        one: Listed,  # noqa: ARG002 - the manners' form
    ) -> TransferReport | None:
        """Look for a transfer of the same coin and amount since ours was written down."""
        for item in await _moved_since(api, transfer.since_ms - TRANSFER_SLACK_MS):
            if text(item, "asset") == transfer.asset and number(item, "amount") == transfer.amount:
                done = text(item, "status") in {"SUCCESS", "CONFIRMED"}
                return TransferReport(
                    transfer_id=transfer.transfer_id,
                    state="done" if done else "refused",
                    reason="" if done else f"the venue says {text(item, 'status').lower()}",
                )
        return None

    async def set_leverage(self, api: Api, one: Listed, leverage: Decimal) -> None:
        """Set the short side's leverage."""
        asked = {"symbol": one.market, "openType": 2, "positionType": 2, "leverage": int(leverage)}
        await api.ask("contractPrivatePostPositionChangeLeverage", asked)

    async def set_cross(self, api: Api, one: Listed) -> None:
        """Change nothing: each order says that the whole wallet backs it."""
        del api, one

    async def set_one_way(self, api: Api, one: Listed) -> None:
        """Let contracts have one net position."""
        del one
        await api.ask("contractPrivatePostPositionChangePositionMode", {"positionMode": 2})


async def _moved_since(api: Api, from_ms: int) -> list[Row]:
    """Read all transfers from the spot wallet since a time."""
    asked = {"fromAccountType": "SPOT", "toAccountType": "FUTURES", "startTime": from_ms, "size": ROWS_MAX}
    found: list[Row] = []
    page = 1
    while True:
        answer = row(await api.ask("spotPrivateGetCapitalTransfer", {**asked, "page": page}), "transfers")
        told = rows(answer.get("rows"), "transfers") if number(answer, "total") else ()
        found += told
        if not told or len(found) >= number(answer, "total"):
            return found
        page += 1


async def _pages(
    api: Api, endpoint: str, asked: Mapping[str, object], from_ms: int | None = None
) -> list[Row]:
    """Read a list page by page; one that is sorted newest first ends with the page that goes back to ``from_ms``."""
    found: list[Row] = []
    number_of = 1
    while True:
        data = data_of(await api.ask(endpoint, {**asked, "page_num": number_of}), endpoint)
        page = rows(data.get("resultList") or [] if isinstance(data, Mapping) else data or [], endpoint)
        found += page
        reached = from_ms is not None and any(_when(item) < from_ms for item in page)
        if len(page) < ROWS_MAX or reached:
            return found
        number_of += 1


def _when(found: Row) -> int:
    return time_ms(found, "settleTime" if "settleTime" in found else "createTime")


async def _held(api: Api, asked: Mapping[str, object]) -> tuple[Position, ...]:
    answer = data_of(await api.ask("contractPrivateGetPositionOpenPositions", asked), "positions")
    return tuple(
        _position(api, item) for item in rows(answer, "positions") if number(item, "holdVol") != ZERO
    )


def _position(api: Api, found: Row) -> Position:
    sign = -1 if text(found, "positionType") == SHORT else 1
    liquidation = number_or(found, "liquidatePrice")
    return Position(
        symbol=api.symbol_of(text(found, "symbol")),
        contracts=Contracts(sign * number(found, "holdVol")),
        entry_price=Price(number(found, "openAvgPrice")),
        realised_pnl=Money(ZERO),
        isolated_margin=None if text(found, "openType") == CROSS else Money(number(found, "im")),
        liquidation_price=Price(liquidation) if liquidation > ZERO else None,
    )


def _wallet(asset: str, found: Row | None, spare: Decimal) -> Wallet:
    if found is None:
        return Wallet(asset=asset, balance=Money(ZERO), deposited=Money(ZERO), spare=Money(spare))
    return Wallet(
        asset=asset,
        balance=Money(number(found, "equity") - number_or(found, "unrealized")),
        deposited=Money(ZERO),
        spare=Money(spare),
        equity=Money(number(found, "equity")),
    )


def _report(api: Api, found: Row, symbol: str) -> OrderReport:
    name, kind, word = str(found.get("externalOid") or ""), text(found, "orderType"), text(found, "state")
    api.names[text(found, "orderId")] = name
    state = STATES.get(word, OrderState.UNKNOWN)
    return OrderReport(
        client_order_id=name,
        symbol=symbol,
        state=state,
        filled=Contracts(number_or(found, "dealVol")),
        reason=""
        if state is OrderState.OPEN
        else f"the venue's state {word}, error {found.get('errorCode', '0')}",
        request=OrderRequest(
            client_order_id=name,
            symbol=symbol,
            side=Side.BUY if text(found, "side") in BUYS else Side.SELL,
            contracts=Contracts(number(found, "vol")),
            limit_price=None if kind in {"5", "6"} else Price(number(found, "price")),
            time_in_force=MEANT.get(kind, TimeInForce.GTC),
            reduce_only=text(found, "side") in REDUCES,
        ),
    )


def _funding(api: Api, found: Row) -> Payment:
    symbol = api.symbol_of(text(found, "symbol"))
    return Payment(
        payment_id=text(found, "id"),
        kind="funding",
        symbol=symbol,
        asset=settle_of(symbol),
        amount=Money(number(found, "funding")),
        at_ms=time_ms(found, "settleTime"),
    )


def _moved(found: Row) -> Payment:
    amount = number(found, "amount")
    return Payment(
        payment_id=text(found, "id"),
        kind="transfer",
        symbol=None,
        asset=text(found, "currency"),
        amount=Money(amount if text(found, "type") == "IN" else -amount),
        at_ms=time_ms(found, "createTime"),
    )
