"""Binance Futures, USD-M and COIN-M: one set of ways over two products.

Sources: the venue's API documentation as of ccxt 4.5.90; what a code means follows the reference (venues.md, section 10).
Margin can be moved by ``sapi`` on the live spot host only: the demo has none.
"""

from collections.abc import Mapping
from decimal import Decimal

from bot.adapters.venues.answers import (
    Row,
    ShapeError,
    flag,
    maybe,
    number,
    number_or,
    row,
    rows,
    text,
    time_ms,
)
from bot.adapters.venues.binance_market import BinanceMarket
from bot.adapters.venues.manner import Api, KeyFacts, Listed, Modes, Ticket, Wire
from bot.adapters.venues.orders import ORDER_STATES, own_hand, price_words, ticket_of, words_missing
from bot.adapters.venues.outcomes import Codes, Outcome, RequestFailed, codes_of
from bot.core.orders import OrderRequest, OrderState, TimeInForce
from bot.core.reports import Fill, OrderReport, Payment, TransferReport
from bot.core.snapshot import Position, Transfer, Wallet
from bot.core.values import ONE, ZERO, Contracts, Money, Price, Side

ROWS_MAX = 1000
TRANSFER_SLACK_MS = 5_000
"""A transfer is looked for from so long before we wrote it down: the venue's clock is another."""

CODES = Codes(
    outcomes=codes_of(
        rejected="-2019 -2022 -4164 -5022 -2021 -4131 -2027 -4061 -2025 -4118 -4016 -4024 -1013 -1111 -4003 -4005 -4014"
        " -4015 -4086 -4400 -4087 -4192 -1121 -4141 -5013 -4050 -4051",
        retry="-1021 -1008",
        rate_limited="-1003 -1015",
        auth="-2014 -2015 -1022 -2008",
        gone="-2011 -2013",
        same="-4046 -4059 -5027",
    ),
)
STATES = ORDER_STATES | {
    "EXPIRED_IN_MATCH": OrderState.CANCELLED,
    "NEW_INSURANCE": OrderState.OPEN,
    "NEW_ADL": OrderState.OPEN,
}
TIMES_IN_FORCE = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.POST_ONLY: "GTX"}
MEANT = {"GTX": TimeInForce.POST_ONLY, "IOC": TimeInForce.IOC}
INCOME_KINDS: Mapping[str, str] = {
    "FUNDING_FEE": "funding",
    "TRANSFER": "transfer",
    "INTERNAL_TRANSFER": "transfer",
    "CROSS_COLLATERAL_TRANSFER": "transfer",
    "STRATEGY_UMFUTURES_TRANSFER": "transfer",
    "INSURANCE_CLEAR": "liquidation",
    "WELCOME_BONUS": "deposit",
}
"""Kinds of income that are payments; profit and commission come with the fills."""


class Binance(BinanceMarket):
    """The ways of one of the two products."""

    codes = CODES
    private_terms = True
    separate_wallets = True

    # --- orders -----------------------------------------------------------------------------------------------

    def unit(self, market: Mapping[str, object]) -> Decimal | None:
        """Size is in coins (USD-M), or in contracts of so many dollars (COIN-M)."""
        if self._linear:
            return ONE
        size = market.get("contractSize")
        return None if size is None else Decimal(str(size))

    def code_of(self, answer: object) -> tuple[str, str]:
        """Read ``{code, msg}``."""
        if not isinstance(answer, Mapping) or "code" not in answer:
            return "", ""
        return str(answer["code"]), str(answer.get("msg", ""))

    def ticket(self, request: OrderRequest, listed: Listed) -> Ticket:
        """Put an order into the library's arguments."""
        return ticket_of(request, "newClientOrderId", TIMES_IN_FORCE, {"newOrderRespType": "RESULT"}, listed)

    def places(self, wire: Wire) -> bool:
        """Whether a request would place, or change, an order."""
        end = wire.path.rsplit("/", 1)[-1]
        return wire.method in {"POST", "PUT"} and end in {"order", "batchOrders", "algoOrder"}

    def misread(self, wire: Wire, request: OrderRequest, listed: Listed) -> str:
        """Say where the venue would read an order otherwise than it is meant, or nothing."""
        wanted: dict[str, object] = {
            "symbol": listed.market,
            "side": request.side.value.upper(),
            "type": "MARKET" if request.limit_price is None else "LIMIT",
            "newClientOrderId": request.client_order_id,
            "quantity": request.contracts,
            "reduceOnly": "true" if request.reduce_only else None,
            "positionSide": None,
            **price_words(request, TIMES_IN_FORCE),
        }
        return words_missing(wire.words, wanted)

    async def order(self, api: Api, one: Listed, client_order_id: str) -> OrderReport | None:
        """Look an order up by our name; None if the venue says it has none."""
        asked = {"symbol": one.market, "origClientOrderId": client_order_id}
        try:
            answer = await api.ask(f"{self._product.private}GetOrder", asked)
        except RequestFailed as failed:
            if failed.outcome is Outcome.GONE:
                return None
            raise
        return self._report(api, row(answer, "order"), one.contract.symbol)

    async def open_orders(self, api: Api, listed: tuple[Listed, ...]) -> tuple[OrderReport, ...]:
        """Read open orders in some contracts, everybody's."""
        found: list[OrderReport] = []
        for one in listed:
            answer = await api.ask(f"{self._product.private}GetOpenOrders", {"symbol": one.market})
            found += [self._report(api, item, one.contract.symbol) for item in rows(answer, "open orders")]
        return tuple(found)

    async def cancel(self, api: Api, one: Listed, client_order_id: str) -> None:
        """Take an order back."""
        asked = {"symbol": one.market, "origClientOrderId": client_order_id}
        await api.ask(f"{self._product.private}DeleteOrder", asked)

    def _report(self, api: Api, found: Row, symbol: str) -> OrderReport:
        name, price = text(found, "clientOrderId"), number(found, "price")
        api.names[text(found, "orderId")] = name
        contracts = number(found, "origQty")
        state = STATES.get(text(found, "status"), OrderState.UNKNOWN)
        return OrderReport(
            client_order_id=name,
            symbol=symbol,
            state=state,
            filled=Contracts(number(found, "executedQty")),
            reason="" if state is OrderState.OPEN else f"the venue says {text(found, 'status').lower()}",
            request=OrderRequest(
                client_order_id=name,
                symbol=symbol,
                side=Side(text(found, "side").lower()),
                contracts=Contracts(contracts),
                limit_price=None if text(found, "type") == "MARKET" else Price(price),
                time_in_force=MEANT.get(text(found, "timeInForce"), TimeInForce.GTC),
                reduce_only=flag(found, "reduceOnly"),
            ),
        )

    # --- the account ------------------------------------------------------------------------------------------

    async def wallets(self, api: Api, listed: tuple[Listed, ...]) -> tuple[Wallet, ...]:
        """Read futures wallets, and what lies in the spot wallet beside them."""
        account = row(await api.ask(self._product.account), "account")
        spot = await self._spot(api)
        wanted = {asset for one in listed for asset in (one.contract.settle, one.contract.base)}
        futures = {text(item, "asset"): item for item in rows(account.get("assets"), "account assets")}
        shown = wanted | {asset for asset, item in futures.items() if number(item, "walletBalance") != ZERO}
        return tuple(
            self._wallet(asset, futures.get(asset), spot.get(asset, ZERO)) for asset in sorted(shown)
        )

    def _wallet(self, asset: str, found: Row | None, spare: Decimal) -> Wallet:
        if found is None:
            return Wallet(asset=asset, balance=Money(ZERO), deposited=Money(ZERO), spare=Money(spare))
        return Wallet(
            asset=asset,
            balance=Money(number(found, "walletBalance")),
            deposited=Money(ZERO),
            spare=Money(spare),
            equity=Money(number(found, "marginBalance")),
            maintenance=Money(number(found, "maintMargin")),
        )

    async def _spot(self, api: Api) -> dict[str, Decimal]:
        account = row(await api.ask("privateGetAccount", client="spot"), "spot account")
        return {
            text(item, "asset"): number(item, "free") + number(item, "locked")
            for item in rows(account.get("balances"), "spot balances")
        }

    async def positions(self, api: Api, listed: tuple[Listed, ...]) -> tuple[Position, ...]:  # noqa: ARG002 - the manners' form
        """Read all open positions."""
        answer = rows(await api.ask(self._product.positions), "positions")
        return tuple(self._position(api, item) for item in answer if number(item, "positionAmt") != ZERO)

    async def position(self, api: Api, one: Listed) -> Position | None:
        """Read one position from the account, which is another source than the list of positions."""
        account = row(await api.ask(self._product.account), "account")
        for item in rows(account.get("positions"), "account positions"):
            if text(item, "symbol") == one.market and number(item, "positionAmt") != ZERO:
                return Position(
                    symbol=one.contract.symbol,
                    contracts=Contracts(number(item, "positionAmt")),
                    entry_price=Price(number_or(item, "entryPrice")),
                    realised_pnl=Money(ZERO),
                )
        return None

    async def position_value(self, api: Api, one: Listed) -> tuple[Contracts, Decimal] | None:
        """Read a position's size and the notional the venue gives it: dollars (USD-M) or coins (COIN-M)."""
        for item in rows(await api.ask(self._product.positions), "positions"):
            if text(item, "symbol") == one.market and number(item, "positionAmt") != ZERO:
                value = number(item, "notional" if self._linear else "notionalValue")
                return Contracts(number(item, "positionAmt")), abs(value)
        return None

    def _position(self, api: Api, found: Row) -> Position:
        liquidation = number_or(found, "liquidationPrice")
        isolated = number_or(found, "isolatedMargin")  # which has the profit in it
        rank = maybe(found, "adl")
        return Position(
            symbol=api.symbol_of(text(found, "symbol")),
            contracts=Contracts(number(found, "positionAmt")),
            entry_price=Price(number(found, "entryPrice")),
            realised_pnl=Money(ZERO),
            isolated_margin=Money(isolated - number_or(found, "unRealizedProfit")) if isolated else None,
            liquidation_price=Price(liquidation) if liquidation > ZERO else None,
            adl_rank=None if rank is None else int(rank) + 1,
        )

    async def modes(self, api: Api, one: Listed) -> Modes:
        """Read position mode, margin mode, leverage, and whether coins of all kinds back positions."""
        private = self._product.private
        dual = row(await api.ask(f"{private}GetPositionSideDual"), "position mode")
        if self._linear:
            asked = {"symbol": one.market}
            found = rows(await api.ask("fapiPrivateGetSymbolConfig", asked), "symbol config")
            multi = row(await api.ask("fapiPrivateGetMultiAssetsMargin"), "multi-asset mode")
            multi_asset: bool | None = flag(multi, "multiAssetsMargin")
        else:
            listed = rows(await api.ask(self._product.positions), "positions")
            found = tuple(item for item in listed if text(item, "symbol") == one.market)
            multi_asset = None
        if not found:
            raise ShapeError(f"modes: {one.market} is not among the answers")
        return Modes(
            one_way=not flag(dual, "dualSidePosition"),
            margin_mode="isolated" if text(found[0], "marginType").lower() == "isolated" else "cross",
            leverage=number(found[0], "leverage"),
            multi_asset=multi_asset,
        )

    async def key(self, api: Api) -> KeyFacts | None:
        """Read what the key may do; the demo does not tell."""
        try:
            found = row(await api.ask("sapiGetAccountApiRestrictions", client="spot"), "key")
        except RequestFailed as failed:
            if failed.failure.status == 404:  # noqa: PLR2004 - the demo's spot host has no such path
                return None
            raise
        return KeyFacts(
            may_read=flag(found, "enableReading"),
            may_trade=flag(found, "enableFutures"),
            may_transfer=flag(found, "permitsUniversalTransfer"),
            may_withdraw=flag(found, "enableWithdrawals"),
            bound_to_addresses=flag(found, "ipRestrict"),
        )

    # --- what happened ----------------------------------------------------------------------------------------

    async def fills(self, api: Api, one: Listed, from_ms: int, to_ms: int) -> tuple[Fill, ...]:
        """List fills within a time, page by page."""
        found: dict[str, Row] = {}
        start_ms = from_ms
        while True:
            asked = {"symbol": one.market, "startTime": start_ms, "endTime": to_ms, "limit": ROWS_MAX}
            page = rows(await api.ask(f"{self._product.private}GetUserTrades", asked), "fills")
            found |= {text(item, "id"): item for item in page}
            if len(page) < ROWS_MAX:
                break
            start_ms = max(time_ms(item, "time") for item in page)
        ordered = sorted(found.values(), key=lambda item: (time_ms(item, "time"), int(text(item, "id"))))
        return tuple([await self._fill(api, one, item) for item in ordered])

    async def _fill(self, api: Api, one: Listed, found: Row) -> Fill:
        in_settle = text(found, "commissionAsset") == one.contract.settle
        return Fill(
            fill_id=text(found, "id"),
            client_order_id=await self._name(api, one, text(found, "orderId")),
            symbol=one.contract.symbol,
            side=Side(text(found, "side").lower()),
            contracts=Contracts(number(found, "qty")),
            price=Price(number(found, "price")),
            fee=Money(number(found, "commission") if in_settle else ZERO),
            realised_pnl=Money(number(found, "realizedPnl")),
            maker=flag(found, "maker"),
            at_ms=time_ms(found, "time"),
        )

    async def _name(self, api: Api, one: Listed, order_id: str) -> str:
        """Find our name for an order of which only the venue's number is known."""
        if order_id not in api.names:
            asked = {"symbol": one.market, "orderId": order_id}
            found = row(await api.ask(f"{self._product.private}GetOrder", asked), "order")
            api.names[order_id] = text(found, "clientOrderId")
        return own_hand(api.names[order_id])

    async def payments(
        self, api: Api, listed: tuple[Listed, ...], from_ms: int, to_ms: int
    ) -> tuple[Payment, ...]:
        """List funding, transfers and seized margin within a time, of the whole account."""
        del listed
        found: dict[tuple[str, str], Row] = {}
        start_ms = from_ms
        while True:
            asked = {"startTime": start_ms, "endTime": to_ms, "limit": ROWS_MAX}
            page = rows(await api.ask(f"{self._product.private}GetIncome", asked), "income")
            found |= {(text(item, "incomeType"), text(item, "tranId")): item for item in page}
            if len(page) < ROWS_MAX:
                break
            start_ms = max(time_ms(item, "time") for item in page)
        kept = [item for item in found.values() if text(item, "incomeType") in INCOME_KINDS]
        return tuple(
            self._payment(api, item) for item in sorted(kept, key=lambda item: time_ms(item, "time"))
        )

    def _payment(self, api: Api, found: Row) -> Payment:
        amount = number(found, "income")
        kind = INCOME_KINDS[text(found, "incomeType")]
        market = str(found.get("symbol") or "")
        return Payment(
            payment_id=text(found, "tranId"),
            kind="funding" if kind == "funding" else "liquidation" if kind == "liquidation" else "transfer",
            symbol=api.symbol_of(market) if market else None,
            asset=text(found, "asset"),
            amount=Money(amount),
            at_ms=time_ms(found, "time"),
        )

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
        asked = {"type": self._product.transfer, "asset": asset, "amount": f"{amount:f}"}
        text(row(await api.ask("sapiPostAssetTransfer", asked, client="spot"), "transfer"), "tranId")
        return TransferReport(transfer_id=name, state="done")

    async def transfer_of(
        self,
        api: Api,
        transfer: Transfer,
        one: Listed,  # noqa: ARG002 - the manners' form
    ) -> TransferReport | None:
        """Look for a transfer of the same coin and amount since ours was written down."""
        asked = {"type": self._product.transfer, "startTime": transfer.since_ms - TRANSFER_SLACK_MS}
        answer = row(await api.ask("sapiGetAssetTransfer", asked, client="spot"), "transfers")
        found = rows(answer.get("rows"), "transfers") if number(answer, "total") else ()
        for item in found:
            if text(item, "asset") == transfer.asset and number(item, "amount") == transfer.amount:
                done = text(item, "status") == "CONFIRMED"
                return TransferReport(
                    transfer_id=transfer.transfer_id,
                    state="done" if done else "refused",
                    reason="" if done else f"the venue says {text(item, 'status').lower()}",
                )
        return None

    async def set_leverage(self, api: Api, one: Listed, leverage: Decimal) -> None:
        """Set a contract's leverage."""
        asked = {"symbol": one.market, "leverage": int(leverage)}
        await api.ask(f"{self._product.private}PostLeverage", asked)

    async def set_cross(self, api: Api, one: Listed) -> None:
        """Let the whole wallet back each position."""
        asked = {"symbol": one.market, "marginType": "CROSSED"}
        await api.ask(f"{self._product.private}PostMarginType", asked)

    async def set_one_way(self, api: Api, one: Listed) -> None:
        """Let contracts have one net position."""
        del one
        await api.ask(f"{self._product.private}PostPositionSideDual", {"dualSidePosition": "false"})
