"""Bybit: one unified account for linear and inverse contracts; its funding wallet is where margin comes from.

Sources: the venue's API documentation v5 as of ccxt 4.5.90; what a code means follows the reference (venues.md, section 10).
A post-only order that would take is acknowledged and cancelled afterwards: only the order itself tells.
"""

import uuid
from collections.abc import Mapping
from decimal import Decimal

from bot.adapters.venues.answers import Row, flag, number, number_or, row, rows, text, time_ms
from bot.adapters.venues.bybit_market import BybitMarket, category, listed_rows
from bot.adapters.venues.bybit_words import (
    CODES,
    INVERSE_AND_USDT,
    MONEY_MOVED,
    OWN_HAND,
    TIMES_IN_FORCE,
    fill_of,
    payment_of,
    position_of,
    report_of,
    wallet_of,
)
from bot.adapters.venues.manner import Api, KeyFacts, Listed, Modes, Ticket, Wire
from bot.adapters.venues.orders import price_words, ticket_of, words_missing
from bot.adapters.venues.outcomes import Outcome, RequestFailed
from bot.core.orders import OrderRequest, OrderState
from bot.core.reports import Fill, OrderReport, Payment, TransferReport
from bot.core.snapshot import Position, Transfer, Wallet
from bot.core.values import ONE, ZERO, Contracts

NAMESPACE = uuid.UUID("6f1d3a52-6a1b-5c53-9a83-9f0d5b1d2c70")
"""The venue names transfers by UUIDs: ours are made of our names in this namespace."""
ROWS_MAX = 100


class Bybit(BybitMarket):
    """The ways of Bybit."""

    name = "bybit"
    codes = CODES
    private_terms = False
    separate_wallets = True

    # --- orders -----------------------------------------------------------------------------------------------

    def unit(self, market: Mapping[str, object]) -> Decimal | None:
        """Size is in coins (linear) or in dollars (inverse), whatever the library's contract size says."""
        del market
        return ONE

    def code_of(self, answer: object) -> tuple[str, str]:
        """Read ``{retCode, retMsg}``."""
        if not isinstance(answer, Mapping) or "retCode" not in answer:
            return "", ""
        return str(answer["retCode"]), str(answer.get("retMsg", ""))

    def ticket(self, request: OrderRequest, listed: Listed) -> Ticket:
        """Put an order into the library's arguments."""
        return ticket_of(request, "orderLinkId", TIMES_IN_FORCE, {}, listed)

    def places(self, wire: Wire) -> bool:
        """Whether a request would place, or change, an order."""
        return wire.method == "POST" and wire.path.endswith(
            ("/order/create", "/order/amend", "/order/create-batch", "/order/amend-batch")
        )

    def misread(self, wire: Wire, request: OrderRequest, listed: Listed) -> str:
        """Say where the venue would read an order otherwise than it is meant, or nothing."""
        wanted: dict[str, object] = {
            "category": category(listed),
            "symbol": listed.market,
            "side": request.side.value.capitalize(),
            "orderType": "Market" if request.limit_price is None else "Limit",
            "orderLinkId": request.client_order_id,
            "qty": request.contracts,
            "reduceOnly": "true" if request.reduce_only else None,
            "positionIdx": None,
            **price_words(request, TIMES_IN_FORCE),
        }
        return words_missing(wire.words, wanted)

    async def order(self, api: Api, one: Listed, client_order_id: str) -> OrderReport | None:
        """Look an order up by our name, among those at work and those done; None if the venue has it in neither."""
        asked = {"category": category(one), "symbol": one.market, "orderLinkId": client_order_id}
        for endpoint in ("privateGetV5OrderRealtime", "privateGetV5OrderHistory"):
            try:
                found = listed_rows(await api.ask(endpoint, asked), "orders")
            except RequestFailed as failed:
                if failed.outcome is not Outcome.GONE:
                    raise
                continue
            if found:
                return report_of(found[0], one.contract.symbol)
        return None

    async def open_orders(self, api: Api, listed: tuple[Listed, ...]) -> tuple[OrderReport, ...]:
        """Read open orders in some contracts, everybody's."""
        found: list[OrderReport] = []
        for one in listed:
            asked = {"category": category(one), "symbol": one.market, "openOnly": 0, "limit": 50}
            told = await _pages(api, "privateGetV5OrderRealtime", asked)
            reports = [report_of(item, one.contract.symbol) for item in told]
            found += [report for report in reports if report.state is OrderState.OPEN]
        return tuple(found)

    async def cancel(self, api: Api, one: Listed, client_order_id: str) -> None:
        """Take an order back."""
        asked = {"category": category(one), "symbol": one.market, "orderLinkId": client_order_id}
        await api.ask("privatePostV5OrderCancel", asked)

    # --- the account ------------------------------------------------------------------------------------------

    async def wallets(self, api: Api, listed: tuple[Listed, ...]) -> tuple[Wallet, ...]:
        """Read the unified wallet, the funding wallet beside it, and which coins back positions in other currencies."""
        answer = await api.ask("privateGetV5AccountWalletBalance", {"accountType": "UNIFIED"})
        account = listed_rows(answer, "wallet")[0]
        spare = await self._spare(api)
        shares = await self._shares(api)
        wanted = {asset for one in listed for asset in (one.contract.settle, one.contract.base)}
        settles = {one.contract.settle for one in listed}
        coins = {text(item, "coin"): item for item in rows(account.get("coin"), "coins")}
        shown = wanted | {asset for asset, item in coins.items() if number_or(item, "walletBalance") != ZERO}
        return tuple(
            wallet_of(
                asset,
                coins.get(asset),
                spare.get(asset, ZERO),
                ZERO if asset in settles else shares.get(asset, ZERO),
            )
            for asset in sorted(shown)
        )

    async def _spare(self, api: Api) -> dict[str, Decimal]:
        asked = {"accountType": "FUND"}
        answer = row(
            await api.ask("privateGetV5AssetTransferQueryAccountCoinsBalance", asked), "funding wallet"
        )
        found = rows(row(answer.get("result"), "funding wallet").get("balance"), "funding wallet")
        return {text(item, "coin"): number(item, "walletBalance") for item in found}

    async def _shares(self, api: Api) -> dict[str, Decimal]:
        """Read which share of a coin's value backs positions that settle in something else."""
        answer = await api.ask("privateGetV5AccountCollateralInfo")
        return {
            text(item, "currency"): number(item, "collateralRatio")
            for item in listed_rows(answer, "collateral")
            if flag(item, "marginCollateral") and flag(item, "collateralSwitch")
        }

    async def positions(self, api: Api, listed: tuple[Listed, ...]) -> tuple[Position, ...]:  # noqa: ARG002 - the manners' form
        """Read open positions, linear and inverse."""
        found: list[Position] = []
        for asked in INVERSE_AND_USDT:
            answer = listed_rows(
                await api.ask("privateGetV5PositionList", {**asked, "limit": 200}), "positions"
            )
            found += [position_of(api, item) for item in answer if number_or(item, "size") != ZERO]
        return tuple(found)

    async def position(self, api: Api, one: Listed) -> Position | None:
        """Read one position by its own symbol."""
        found = await self._rows_of(api, one)
        held = [position_of(api, item) for item in found if number_or(item, "size") != ZERO]
        return held[0] if held else None

    async def position_value(self, api: Api, one: Listed) -> tuple[Contracts, Decimal] | None:
        """Read a position's size and the value the venue gives it: dollars (linear) or coins (inverse)."""
        for item in await self._rows_of(api, one):
            if number_or(item, "size") != ZERO:
                return position_of(api, item).contracts, number(item, "positionValue")
        return None

    async def _rows_of(self, api: Api, one: Listed) -> tuple[Row, ...]:
        asked = {"category": category(one), "symbol": one.market}
        return listed_rows(await api.ask("privateGetV5PositionList", asked), "position")

    async def modes(self, api: Api, one: Listed) -> Modes:
        """Read position mode and leverage off the contract's row, and the account's margin mode."""
        answer = row(await api.ask("privateGetV5AccountInfo"), "account info")
        mode = text(row(answer.get("result"), "account info"), "marginMode")
        found = await self._rows_of(api, one)
        return Modes(
            one_way=all(text(item, "positionIdx") == "0" for item in found),
            margin_mode="isolated" if mode == "ISOLATED_MARGIN" else "cross",
            leverage=number_or(found[0], "leverage", ONE) if found else ONE,
        )

    async def key(self, api: Api) -> KeyFacts | None:
        """Read what the key may do."""
        found = row(row(await api.ask("privateGetV5UserQueryApi"), "key").get("result"), "key")
        rights = row(found.get("permissions"), "permissions")
        wallet, trade = rights.get("Wallet") or [], rights.get("ContractTrade") or []
        writes = text(found, "readOnly") == "0"
        addresses = found.get("ips")
        return KeyFacts(
            may_read=True,
            may_trade=writes and isinstance(trade, list) and "Order" in trade,
            may_transfer=writes and isinstance(wallet, list) and "AccountTransfer" in wallet,
            may_withdraw=isinstance(wallet, list) and "Withdraw" in wallet,
            bound_to_addresses=bool(addresses) and addresses != ["*"],
        )

    # --- what happened ----------------------------------------------------------------------------------------

    async def fills(self, api: Api, one: Listed, from_ms: int, to_ms: int) -> tuple[Fill, ...]:
        """List fills within a time, page by page."""
        asked = {
            "category": category(one),
            "symbol": one.market,
            "startTime": from_ms,
            "endTime": to_ms,
            "limit": ROWS_MAX,
        }
        found = await _pages(api, "privateGetV5ExecutionList", asked)
        trades = [item for item in found if text(item, "execType") in {"Trade", *OWN_HAND}]
        ordered = sorted(trades, key=lambda item: (time_ms(item, "execTime"), text(item, "execId")))
        return tuple(fill_of(one, item) for item in ordered)

    async def payments(
        self, api: Api, listed: tuple[Listed, ...], from_ms: int, to_ms: int
    ) -> tuple[Payment, ...]:
        """List funding, transfers and seized margin within a time, of the whole account."""
        del listed
        asked = {"accountType": "UNIFIED", "startTime": from_ms, "endTime": to_ms, "limit": 50}
        found = await _pages(api, "privateGetV5AccountTransactionLog", asked)
        moved = [item for item in found if text(item, "type") in MONEY_MOVED]
        return tuple(
            payment_of(api, item) for item in sorted(moved, key=lambda item: time_ms(item, "transactionTime"))
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
        """Move money from the funding wallet to the unified one."""
        asked = {
            "transferId": str(uuid.uuid5(NAMESPACE, name)),
            "coin": asset,
            "amount": f"{amount:f}",
            "fromAccountType": "FUND",
            "toAccountType": "UNIFIED",
        }
        answer = row(await api.ask("privatePostV5AssetTransferInterTransfer", asked), "transfer")
        text(row(answer.get("result"), "transfer"), "transferId")
        return TransferReport(transfer_id=name, state="done")

    async def transfer_of(
        self,
        api: Api,
        transfer: Transfer,
        one: Listed,  # noqa: ARG002 - the manners' form
    ) -> TransferReport | None:
        """Look a transfer up by the UUID that our name makes."""
        asked = {"transferId": str(uuid.uuid5(NAMESPACE, transfer.transfer_id))}
        found = listed_rows(
            await api.ask("privateGetV5AssetTransferQueryInterTransferList", asked), "transfers"
        )
        if not found or text(found[0], "status") == "PENDING":
            return None
        done = text(found[0], "status") == "SUCCESS"
        return TransferReport(
            transfer_id=transfer.transfer_id,
            state="done" if done else "refused",
            reason="" if done else f"the venue says {text(found[0], 'status').lower()}",
        )

    async def set_leverage(self, api: Api, one: Listed, leverage: Decimal) -> None:
        """Set a contract's leverage."""
        asked = {
            "category": category(one),
            "symbol": one.market,
            "buyLeverage": f"{leverage:f}",
            "sellLeverage": f"{leverage:f}",
        }
        await api.ask("privatePostV5PositionSetLeverage", asked)

    async def set_cross(self, api: Api, one: Listed) -> None:
        """Let the whole account back each position: the margin mode is the account's."""
        del one
        await api.ask("privatePostV5AccountSetMarginMode", {"setMarginMode": "REGULAR_MARGIN"})

    async def set_one_way(self, api: Api, one: Listed) -> None:
        """Let a contract have one net position; inverse ones have no other mode."""
        asked = {"category": category(one), "symbol": one.market, "mode": 0}
        await api.ask("privatePostV5PositionSwitchMode", asked)


async def _pages(api: Api, endpoint: str, asked: Mapping[str, object]) -> list[Row]:
    """Read a list page by page until the venue gives no cursor to go on with."""
    found: list[Row] = []
    cursor: object = None
    while True:
        answer = await api.ask(endpoint, asked if cursor is None else {**asked, "cursor": cursor})
        page = listed_rows(answer, endpoint)
        found += page
        following = row(row(answer, endpoint).get("result"), endpoint).get("nextPageCursor")
        if not page or not following or following == cursor:
            return found
        cursor = following
