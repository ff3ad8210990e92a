"""BingX: linear and inverse perpetuals in two wallets of one account.

Sources: the venue's API documentation as of ccxt 4.5.90; what a code means follows the reference (venues.md, section 10).
The venue writes names in lower case, forgets them after two hours, and tells no funding of inverse contracts.
"""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal

from bot.adapters.venues.answers import Row, flag, number, number_or, row, rows, text, time_ms
from bot.adapters.venues.bingx_market import BingxMarket
from bot.adapters.venues.bingx_words import (
    CODES,
    TIMES_IN_FORCE,
    data_of,
    fill_of,
    filled_ms,
    orders_of,
    position_of,
    report_of,
    wallet_of,
)
from bot.adapters.venues.manner import Api, KeyFacts, Listed, Modes, Ticket, Wire
from bot.adapters.venues.orders import own_hand, price_words, ticket_of, words_missing
from bot.adapters.venues.outcomes import Outcome, RequestFailed
from bot.core.orders import DONE, OrderRequest, OrderState, TimeInForce
from bot.core.reports import Fill, OrderReport, Payment, TransferReport
from bot.core.snapshot import Position, Transfer, Wallet
from bot.core.values import ONE, ZERO, Contracts, Money

MONEY_MOVED = {"FUNDING_FEE": "funding", "TRANSFER": "transfer", "INSURANCE_CLEAR": "liquidation"}
TRADE, READ, TRANSFER, WITHDRAW = "3", "2", "4", "5"
"""Numbers of rights."""
ROWS_MAX = 1000
TRANSFER_SLACK_MS = 5_000


class Bingx(BingxMarket):
    """The ways of BingX."""

    name = "bingx"
    codes = CODES
    private_terms = True
    separate_wallets = True

    def __init__(self) -> None:
        self._orders: dict[str, OrderReport] = {}
        """Orders by the venue's number, for fills, which tell neither name nor side."""
        self._last_fill_ms: dict[str, int] = {}
        """When orders that are done filled last; 0 if they never did."""

    # --- orders -----------------------------------------------------------------------------------------------

    def unit(self, market: Mapping[str, object]) -> Decimal | None:
        """Size is in coins (linear), or in contracts of so many dollars (inverse)."""
        if market.get("linear"):
            return ONE
        size = market.get("contractSize")
        return None if size is None else Decimal(str(size))

    def code_of(self, answer: object) -> tuple[str, str]:
        """Read ``{code, msg}``, or ``{transferErrorMsg}``, by which a transfer is refused."""
        if isinstance(answer, Mapping) and answer.get("transferErrorMsg"):
            return "transferErrorMsg", str(answer["transferErrorMsg"])
        if not isinstance(answer, Mapping) or str(answer.get("code", "0")) == "0":
            return "", ""
        return str(answer["code"]), str(answer.get("msg", ""))

    def ticket(self, request: OrderRequest, listed: Listed) -> Ticket:
        """Put an order into the library's arguments; a post-only order has to be told as such, not as a time in force."""
        ticket = ticket_of(request, "clientOrderId", TIMES_IN_FORCE, {}, listed)
        if request.time_in_force is not TimeInForce.POST_ONLY:
            return ticket
        params = {key: value for key, value in ticket.params.items() if key != "timeInForce"}
        return Ticket(
            kind=ticket.kind, amount=ticket.amount, price=ticket.price, params={**params, "postOnly": True}
        )

    def places(self, wire: Wire) -> bool:
        """Whether a request would place, or change, an order."""
        return wire.method == "POST" and wire.path.endswith(
            ("/trade/order", "/trade/batchOrders", "/trade/cancelReplace", "/trade/batchCancelReplace")
        )

    def misread(self, wire: Wire, request: OrderRequest, listed: Listed) -> str:
        """Say where the venue would read an order otherwise than it is meant, or nothing."""
        wanted: dict[str, object] = {
            "symbol": listed.market,
            "side": request.side.value.upper(),
            "positionSide": "BOTH",
            "type": "MARKET" if request.limit_price is None else "LIMIT",
            "clientOrderID": request.client_order_id,
            "quantity": request.contracts,
            "reduceOnly": "true" if request.reduce_only else None,
            **price_words(request, TIMES_IN_FORCE),
        }
        return words_missing(wire.words, wanted)

    async def order(self, api: Api, one: Listed, client_order_id: str) -> OrderReport | None:
        """Look an order up by our name; None if the venue says it has none, as it does after two hours."""
        return await self._order(api, one, {"clientOrderId": client_order_id})

    async def _order(self, api: Api, one: Listed, by: Mapping[str, object]) -> OrderReport | None:
        linear = one.contract.linear
        endpoint = "swapV2PrivateGetTradeOrder" if linear else "cswapV1PrivateGetTradeOrderDetail"
        try:
            answer = await api.ask(endpoint, {"symbol": one.market, **by})
        except RequestFailed as failed:
            if failed.outcome is Outcome.GONE:
                return None
            raise
        found = row(row(data_of(answer, "order"), "order").get("order"), "order")
        report = report_of(found, one.contract.symbol)
        self._orders[text(found, "orderId")] = report
        return report

    async def open_orders(self, api: Api, listed: tuple[Listed, ...]) -> tuple[OrderReport, ...]:
        """Read open orders in some contracts, everybody's."""
        found: list[OrderReport] = []
        for one in listed:
            linear = "swapV2PrivateGetTradeOpenOrders"
            endpoint = linear if one.contract.linear else "cswapV1PrivateGetTradeOpenOrders"
            answer = orders_of(await api.ask(endpoint, {"symbol": one.market}), "open orders")
            reports = [report_of(item, one.contract.symbol) for item in answer]
            found += [report for report in reports if report.state is OrderState.OPEN]
        return tuple(found)

    async def cancel(self, api: Api, one: Listed, client_order_id: str) -> None:
        """Take an order back."""
        linear = "swapV2PrivateDeleteTradeOrder"
        endpoint = linear if one.contract.linear else "cswapV1PrivateDeleteTradeCancelOrder"
        await api.ask(endpoint, {"symbol": one.market, "clientOrderID": client_order_id})

    # --- the account ------------------------------------------------------------------------------------------

    async def wallets(self, api: Api, listed: tuple[Listed, ...]) -> tuple[Wallet, ...]:
        """Read the futures wallets of the products in use, and the spot wallet beside them."""
        coins: dict[str, Row] = {}
        if any(one.contract.linear for one in listed):
            coins |= _by_asset(await api.ask("swapV3PrivateGetUserBalance"))
        if any(not one.contract.linear for one in listed):
            coins |= _by_asset(await api.ask("cswapV1PrivateGetUserBalance"))
        spot = await self._spot(api)
        wanted = {asset for one in listed for asset in (one.contract.settle, one.contract.base)}
        shown = wanted | {asset for asset, item in coins.items() if number(item, "balance") != ZERO}
        return tuple(wallet_of(asset, coins.get(asset), spot.get(asset, ZERO)) for asset in sorted(shown))

    async def _spot(self, api: Api) -> dict[str, Decimal]:
        answer = row(data_of(await api.ask("spotV1PrivateGetAccountBalance"), "spot"), "spot")
        return {
            text(item, "asset"): number(item, "free") + number(item, "locked")
            for item in rows(answer.get("balances"), "spot")
        }

    async def positions(self, api: Api, listed: tuple[Listed, ...]) -> tuple[Position, ...]:
        """Read open positions of the products in use."""
        found: list[Position] = []
        for linear in sorted({one.contract.linear for one in listed}):
            endpoint = "swapV2PrivateGetUserPositions" if linear else "cswapV1PrivateGetUserPositions"
            found += _held(api, await api.ask(endpoint))
        return tuple(found)

    async def position(self, api: Api, one: Listed) -> Position | None:
        """Read one position by its own symbol."""
        held = [item for item in await self._of(api, one) if item.symbol == one.contract.symbol]
        return held[0] if held else None

    async def _of(self, api: Api, one: Listed) -> list[Position]:
        linear = one.contract.linear
        endpoint = "swapV2PrivateGetUserPositions" if linear else "cswapV1PrivateGetUserPositions"
        return _held(api, await api.ask(endpoint, {"symbol": one.market}))

    async def position_value(self, api: Api, one: Listed) -> tuple[Contracts, Decimal] | None:
        """Read a linear position's size and value in dollars; the value of an inverse one is not told."""
        if not one.contract.linear:
            return None
        answer = data_of(await api.ask("swapV2PrivateGetUserPositions", {"symbol": one.market}), "position")
        for item in rows(answer or [], "position"):
            if number(item, "positionAmt") != ZERO:
                return position_of(api, item).contracts, abs(number(item, "positionValue"))
        return None

    async def modes(self, api: Api, one: Listed) -> Modes:
        """Read position mode, margin mode and leverage; inverse contracts have no position mode to read."""
        linear, asked = one.contract.linear, {"symbol": one.market}
        prefix = "swapV2Private" if linear else "cswapV1Private"
        margin = row(data_of(await api.ask(f"{prefix}GetTradeMarginType", asked), "modes"), "modes")
        leverage = row(data_of(await api.ask(f"{prefix}GetTradeLeverage", asked), "modes"), "modes")
        one_way = True
        if linear:
            dual = row(data_of(await api.ask("swapV1PrivateGetPositionSideDual"), "modes"), "modes")
            one_way = not flag(dual, "dualSidePosition")
        return Modes(
            one_way=one_way,
            margin_mode="isolated" if text(margin, "marginType") == "ISOLATED" else "cross",
            leverage=number(leverage, "shortLeverage"),
        )

    async def key(self, api: Api) -> KeyFacts | None:
        """Read what the key may do."""
        answer = row(await api.ask("accountV1PrivateGetAccountApiPermissions"), "key")
        found = row(answer["data"], "key") if isinstance(answer.get("data"), Mapping) else answer
        told = found.get("permissions")
        if not isinstance(told, list):
            return None  # another form of it is documented, and a guess about withdrawals would be the worst of guesses
        rights = {str(one) for one in told}
        return KeyFacts(
            may_read=READ in rights,
            may_trade=TRADE in rights,
            may_transfer=TRANSFER in rights,
            may_withdraw=WITHDRAW in rights,
            bound_to_addresses=bool(found.get("ipAddresses")),
        )

    # --- what happened ----------------------------------------------------------------------------------------

    async def fills(self, api: Api, one: Listed, from_ms: int, to_ms: int) -> tuple[Fill, ...]:
        """List fills within a time; each order they belong to is asked for once."""
        if one.contract.linear:
            asked = {"symbol": one.market, "startTs": from_ms, "endTs": to_ms, "tradingUnit": "COIN"}
            data = row(data_of(await api.ask("swapV2PrivateGetTradeAllFillOrders", asked), "fills"), "fills")
            found = rows(data.get("fill_orders") or [], "fills")
        else:
            found = tuple(await self._inverse_fills(api, one, from_ms))
        alike: Counter[tuple[str, str, str]] = Counter()
        fills = []
        for item in found:
            likeness = (text(item, "orderId"), str(item.get("volume")), str(item.get("price")))
            order = await self._of_number(api, one, likeness[0])
            fills.append(fill_of(one, item, order, alike[likeness]))
            alike[likeness] += 1
        within = [fill for fill in fills if from_ms <= fill.at_ms <= to_ms]
        return tuple(sorted(within, key=lambda fill: fill.at_ms))

    async def _inverse_fills(self, api: Api, one: Listed, from_ms: int) -> list[Row]:
        """List fills of the inverse orders we know, and of the venue's own: it tells them order by order only.

        An order that is done and whose last fill lies before ``from_ms`` is asked about no more.
        """
        found: list[Row] = []
        asked: Mapping[str, object] = {"symbol": one.market, "startTime": from_ms}
        forced = data_of(await api.ask("cswapV1PrivateGetTradeForceOrders", asked), "forced orders")
        theirs = {text(item, "orderId") for item in rows(forced or [], "forced orders")}
        for order_id in {*api.names, *self._orders, *theirs}:
            if self._last_fill_ms.get(order_id, from_ms) < from_ms:
                continue
            order = await self._of_number(api, one, order_id)
            if order.symbol != one.contract.symbol:
                continue
            asked = {"symbol": one.market, "orderId": order_id}
            data = data_of(await api.ask("cswapV1PrivateGetTradeAllFillOrders", asked), "fills")
            told = rows(data or [], "fills")
            found += told
            if order.state in DONE and sum((number(item, "volume") for item in told), ZERO) == order.filled:
                self._last_fill_ms[order_id] = max((filled_ms(item) for item in told), default=0)
        return found

    async def _of_number(self, api: Api, one: Listed, order_id: str) -> OrderReport:
        known = self._orders.get(order_id)
        if known is None or known.state not in DONE:
            report = await self._order(api, one, {"orderId": order_id})
            if report is None:
                report = OrderReport(
                    client_order_id="",
                    symbol=one.contract.symbol,
                    state=OrderState.UNKNOWN,
                    filled=Contracts(ZERO),
                )
            self._orders[order_id] = report
        found = self._orders[order_id]
        return OrderReport(
            client_order_id=own_hand(found.client_order_id),
            symbol=found.symbol,
            state=found.state,
            filled=found.filled,
            request=found.request,
        )

    async def payments(
        self, api: Api, listed: tuple[Listed, ...], from_ms: int, to_ms: int
    ) -> tuple[Payment, ...]:
        """List funding, transfers and seized margin within a time; of inverse contracts none are told."""
        if not any(one.contract.linear for one in listed):
            return ()
        asked = {"startTime": from_ms, "endTime": to_ms, "limit": ROWS_MAX}
        found = rows(data_of(await api.ask("swapV2PrivateGetUserIncome", asked), "income") or [], "income")
        moved = [item for item in found if text(item, "incomeType") in MONEY_MOVED]
        return tuple(_payment(api, item) for item in sorted(moved, key=lambda item: time_ms(item, "time")))

    # --- what changes something -------------------------------------------------------------------------------

    async def transfer(self, api: Api, name: str, asset: str, amount: Decimal, one: Listed) -> TransferReport:
        """Move money from the spot wallet; the venue takes no name of ours for it."""
        asked = {
            "fromAccount": "spot",
            "toAccount": _wallet_name(one),
            "asset": asset,
            "amount": f"{amount:f}",
        }
        answer = row(await api.ask("apiAssetV1PrivatePostTransfer", asked), "transfer")
        found = row(answer["data"], "transfer") if isinstance(answer.get("data"), Mapping) else answer
        text(found, "tranId")
        return TransferReport(transfer_id=name, state="done")

    async def transfer_of(self, api: Api, transfer: Transfer, one: Listed) -> TransferReport | None:
        """Look for a transfer of the same coin and amount since ours was written down."""
        asked = {
            "fromAccount": "spot",
            "toAccount": _wallet_name(one),
            "startTime": transfer.since_ms - TRANSFER_SLACK_MS,
            "pageIndex": 1,
            "pageSize": 100,
        }
        answer = row(await api.ask("apiV3PrivateGetAssetTransferRecord", asked), "transfers")
        data = row(answer["data"], "transfers") if isinstance(answer.get("data"), Mapping) else answer
        found = rows(data.get("rows"), "transfers") if number(data, "total") else ()
        for item in found:
            if text(item, "asset") == transfer.asset and number(item, "amount") == transfer.amount:
                return TransferReport(transfer_id=transfer.transfer_id, state="done")
        return None

    async def set_leverage(self, api: Api, one: Listed, leverage: Decimal) -> None:
        """Set a contract's leverage."""
        prefix = "swapV2Private" if one.contract.linear else "cswapV1Private"
        asked = {"symbol": one.market, "side": "BOTH", "leverage": int(leverage)}
        await api.ask(f"{prefix}PostTradeLeverage", asked)

    async def set_cross(self, api: Api, one: Listed) -> None:
        """Let the whole wallet back each position."""
        prefix = "swapV2Private" if one.contract.linear else "cswapV1Private"
        await api.ask(f"{prefix}PostTradeMarginType", {"symbol": one.market, "marginType": "CROSSED"})

    async def set_one_way(self, api: Api, one: Listed) -> None:
        """Let contracts have one net position."""
        del one
        await api.ask("swapV1PrivatePostPositionSideDual", {"dualSidePosition": "false"})


def _wallet_name(one: Listed) -> str:
    return "USDTMPerp" if one.contract.linear else "coinMPerp"


def _by_asset(answer: object) -> dict[str, Row]:
    return {text(item, "asset"): item for item in rows(data_of(answer, "balance"), "balance")}


def _held(api: Api, answer: object) -> list[Position]:
    found = rows(data_of(answer, "positions") or [], "positions")
    return [position_of(api, item) for item in found if number_or(item, "positionAmt") != ZERO]


def _payment(api: Api, found: Row) -> Payment:
    kind, market = MONEY_MOVED[text(found, "incomeType")], str(found.get("symbol") or "")
    return Payment(
        payment_id=text(found, "tranId"),
        kind="funding" if kind == "funding" else "liquidation" if kind == "liquidation" else "transfer",
        symbol=api.symbol_of(market) if market else None,
        asset=text(found, "asset"),
        amount=Money(number(found, "income")),
        at_ms=time_ms(found, "time"),
    )
