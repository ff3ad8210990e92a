"""What BingX keeps of an account besides orders: wallets, positions, settings, fees, money that moved.

Leverage and margin mode hold for the account here, and for a contract there. Setting what is set already succeeds.
"""

from bot.core.instruments import Contract
from bot.core.snapshot import Position
from bot.core.values import ONE, ZERO, floor_to_step
from bot.sim.account import SimAccount
from bot.testexchange import bingx_inverse, bingx_words
from bot.testexchange.bingx_words import (
    Bare,
    Held,
    Row,
    coin_of,
    contract_named,
    income_words,
    key_words,
    market_id,
    money,
    one_of,
    positive,
    whole,
    window,
)
from bot.testexchange.board import brackets
from bot.testexchange.office import Office
from bot.testexchange.records import Income
from bot.testexchange.router import Call
from bot.testexchange.wire import No, NoError, plain

MODES = ("ISOLATED", "CROSSED")
LINEAR_WALLET, INVERSE_WALLET, SPOT_WALLET = "USDTMPerp", "coinMPerp", "spot"
INCOMES_MAX, TRANSFERS_MAX = 1000, 100
TRANSFER_TYPES = ("FUND_PFUTURES", "PFUTURES_FUND")
NETWORKS = {"USDT": "ERC20", "BTC": "BTC", "ETH": "ERC20"}


class AccountDesks:
    """The desks for all that is an account's, but orders."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def _settles(self, *, linear: bool) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.settle for one in self._office.contracts() if one.linear == linear))

    def _priced(self, call: Call, settle: str) -> SimAccount:
        trader = self._office.trader(call.account)
        if not trader.priced(settle, self._office.exchange.marks):
            raise NoError(No.UNPRICED)
        return trader

    # --- wallets and positions --------------------------------------------------------------------------------

    def balance(self, call: Call, *, linear: bool) -> list[Row]:
        """List the wallets of a product."""
        rows = [self._wallet(call, settle) for settle in self._settles(linear=linear)]
        if not linear:
            return rows
        return [
            {"userId": "116***295", **row, "realisedProfit": self._realised(call, "USDT")} for row in rows
        ]

    def _wallet(self, call: Call, settle: str) -> Row:
        trader, marks = self._priced(call, settle), self._office.exchange.marks
        held = trader.open_positions(settle)
        equity, balance = trader.wallet_equity(settle, marks), trader.balance("futures", settle)
        used = sum([trader.initial_margin(one, marks[one.contract.symbol]) for one in held], ZERO)
        return {
            "asset": coin_of(call, settle),
            "balance": money(balance),
            "equity": money(equity),
            "unrealizedProfit": money(equity - balance),
            "availableMargin": money(max(ZERO, trader.free(settle, marks))),
            "usedMargin": money(used),
            "freezedMargin": "0",
            "shortUid": "12851936",
        }

    def _realised(self, call: Call, settle: str) -> str:
        positions = self._office.trader(call.account).positions.values()
        return money(sum([one.realised for one in positions if one.contract.settle == settle], ZERO))

    def positions(self, call: Call, *, linear: bool) -> list[Row]:
        """List the positions of a product; flat ones are left out."""
        symbol = call.params.get("symbol", "")
        wanted = contract_named(self._office, symbol, linear=linear).symbol if symbol else ""
        words = bingx_words.linear_position if linear else bingx_inverse.position_words
        rows: list[Row] = []
        for position in self._office.positions(call.account):
            contract = self._office.contract(position.symbol)
            if contract.linear == linear and wanted in {"", position.symbol}:
                rows.append(words(self._held(call, position, contract)))
        return rows

    def _held(self, call: Call, position: Position, contract: Contract) -> Held:
        trader, marks = self._priced(call, contract.settle), self._office.exchange.marks
        own, mark = trader.position(contract), marks[contract.symbol]
        equity = trader.wallet_equity(contract.settle, marks)
        trades = self._office.trades(call.account, contract.symbol)
        return Held(
            number=trades[0].number if trades else 0,
            position=position,
            contract=contract,
            mark=mark,
            unrealised=own.pnl(mark),
            initial_margin=trader.initial_margin(own, mark),
            risk_rate=trader.maintenance(contract.settle, marks) / equity if equity > ZERO else ONE,
            leverage=self._office.leverage(call.account, contract.symbol),
            isolated=trader.margin_mode == "isolated",
            hedged=self._office.hedge_mode.get(call.account, False),
            coin=coin_of(call, contract.settle),
            at_ms=trades[-1].fill.at_ms if trades else self._office.now_ms,
        )

    def spot_account(self, call: Call) -> Row:
        """List the spot wallets."""
        trader = self._office.trader(call.account)
        assets = [asset for wallet, asset in trader.wallets if wallet == "spot"]
        rows = [{"asset": one, "free": money(trader.balance("spot", one)), "locked": "0"} for one in assets]
        return {"balances": rows}

    # --- settings ---------------------------------------------------------------------------------------------

    def tiers(self, call: Call) -> list[Row]:
        """List the margin tiers of a linear contract."""
        contract = contract_named(self._office, call.wanted("symbol"), linear=True)
        return [
            {
                "tier": f"Tier {number}",
                "symbol": market_id(contract.symbol),
                "minPositionVal": plain(value_min),
                "maxPositionVal": plain(value_max),
                "maintMarginRatio": plain(rate),
                "maintAmount": plain(amount),
            }
            for number, value_min, value_max, _, rate, amount in brackets(contract)
        ]

    def leverage(self, call: Call, *, linear: bool) -> Row:
        """Give the leverage of a contract, and how much it leaves room for."""
        contract = contract_named(self._office, call.wanted("symbol"), linear=linear)
        leverage = int(self._office.leverage(call.account, contract.symbol))
        most = int(max(tier.leverage_max for tier in contract.tiers))
        row: Row = {} if linear else {"symbol": market_id(contract.symbol)}
        row |= {"longLeverage": leverage, "shortLeverage": leverage}
        return {**row, "maxLongLeverage": most, "maxShortLeverage": most, **self._room(call, contract)}

    def set_leverage(self, call: Call, *, linear: bool) -> Row:
        """Set the leverage of a contract."""
        contract = contract_named(self._office, call.wanted("symbol"), linear=linear)
        hedged = self._office.hedge_mode.get(call.account, False)
        one_of(call.params, "side", ("LONG", "SHORT") if hedged else ("BOTH",))
        leverage = positive(call.params, "leverage")
        if leverage != int(leverage):
            raise NoError(No.LEVERAGE)
        self._office.set_leverage(call.account, contract.symbol, leverage)
        if not linear:
            return self.leverage(call, linear=False)
        return {"leverage": int(leverage), "symbol": market_id(contract.symbol), **self._room(call, contract)}

    def _room(self, call: Call, contract: Contract) -> Row:
        """Say how much more could be opened: contracts, and for a linear contract their value."""
        trader, marks = self._priced(call, contract.settle), self._office.exchange.marks
        if contract.symbol not in marks:
            raise NoError(No.UNPRICED)
        value = max(ZERO, trader.free(contract.settle, marks)) * self._office.leverage(
            call.account, contract.symbol
        )
        contracts = floor_to_step(
            value / contract.value(ONE, marks[contract.symbol]), contract.contracts_step
        )
        row: Row = {"availableLongVol": plain(contracts), "availableShortVol": plain(contracts)}
        if contract.linear:
            for name in (
                "availableLongVal",
                "availableShortVal",
                "maxPositionLongVal",
                "maxPositionShortVal",
            ):
                row[name] = money(value)
        return row

    def margin_mode(self, call: Call, *, linear: bool) -> Row:
        """Give how positions in a contract are margined."""
        contract = contract_named(self._office, call.wanted("symbol"), linear=linear)
        isolated = self._office.trader(call.account).margin_mode == "isolated"
        return {"symbol": market_id(contract.symbol), "marginType": MODES[not isolated]}

    def set_margin_mode(self, call: Call, *, linear: bool) -> Row:
        """Set how positions are margined."""
        contract_named(self._office, call.wanted("symbol"), linear=linear)
        isolated = one_of(call.params, "marginType", MODES) == MODES[0]
        try:
            self._office.set_margin_mode(call.account, "isolated" if isolated else "cross")
        except NoError as error:
            _unless_so_already(error)
        return self.margin_mode(call, linear=linear)

    def position_mode(self, call: Call) -> Bare:
        """Say whether a long and a short side are kept apart."""
        hedged = self._office.hedge_mode.get(call.account, False)
        data = {"dualSidePosition": "true" if hedged else "false"}
        return Bare(body={"code": "0", "msg": "", "timeStamp": str(self._office.clock_ms()), "data": data})

    def set_position_mode(self, call: Call) -> Bare:
        """Set whether a long and a short side are kept apart."""
        word = one_of(call.params, "dualSidePosition", ("true", "false"))
        try:
            self._office.set_hedge_mode(call.account, on=word == "true")
        except NoError as error:
            _unless_so_already(error)
        return self.position_mode(call)

    def fees(self, _call: Call, *, linear: bool) -> Row:
        """Give the rates of fees."""
        contract = next(one for one in self._office.contracts() if one.linear == linear)
        rates: Row = {
            "takerCommissionRate": plain(contract.fee_taker),
            "makerCommissionRate": plain(contract.fee_maker),
        }
        return {"commission": rates} if linear else rates

    def key(self, call: Call) -> Bare:
        """Say what the key may do."""
        if call.key is None:
            raise NoError(No.KEY)
        return Bare(body=key_words(call.key))

    # --- money ------------------------------------------------------------------------------------------------

    def income(self, call: Call) -> list[Row]:
        """List money that moved in the linear wallet, newest first."""
        params, symbol = call.params, call.params.get("symbol", "")
        wanted = contract_named(self._office, symbol, linear=True).symbol if symbol else ""
        times, kind = window(params, self._office.now_ms), params.get("incomeType", "")
        found = [
            one
            for one in self._office.incomes(call.account)
            if one.asset in self._settles(linear=True)
            and one.at_ms in times
            and wanted in {"", one.symbol}
            and kind in {"", bingx_words.INCOMES[one.kind]}
        ]
        limit = min(whole(params, "limit", 100), INCOMES_MAX)
        return [income_words(one, coin_of(call, one.asset)) for one in found[::-1][:limit]]

    def transfer(self, call: Call) -> Bare:
        """Move money between the spot wallet and a product's."""
        source, target, asset = call.wanted("fromAccount"), call.wanted("toAccount"), call.wanted("asset")
        if {source, target} != {SPOT_WALLET, self._wallet_of(asset)}:
            raise NoError(No.UNSUPPORTED)
        to_spot = target == SPOT_WALLET
        number = self._office.transfer(
            call.account, asset, positive(call.params, "amount"), "spot" if to_spot else "futures"
        )
        data = {"tranId": str(number), "transferId": str(number)}
        return Bare(body={"code": "0", "timestamp": str(self._office.clock_ms()), "data": data})

    def _wallet_of(self, asset: str) -> str:
        """Name the futures wallet that keeps an asset."""
        if asset in self._settles(linear=True):
            return LINEAR_WALLET
        return INVERSE_WALLET if asset in self._settles(linear=False) else ""

    def transfers(self, call: Call) -> Bare:
        """List transfers from one wallet to another, newest first."""
        number = call.params.get("transferId", "")
        ends = (call.params.get("fromAccount", ""), call.params.get("toAccount", ""))
        if not number and "" in ends:
            raise NoError(No.PARAMETER, "transferId, or fromAccount and toAccount, must be given")
        found = [
            one
            for one in self._moved(call)
            if number in {"", str(one.number)} and (number or ends == self._ends(one))
        ]
        size = min(whole(call.params, "pageSize", 10), TRANSFERS_MAX)
        first = (max(1, whole(call.params, "pageIndex", 1)) - 1) * size
        return Bare(
            body={"total": len(found), "rows": [self._row(one) for one in found[first : first + size]]}
        )

    def old_transfers(self, call: Call) -> Bare:
        """List transfers to and from the linear wallet as the older history does, newest first."""
        kind = one_of(call.params, "type", TRANSFER_TYPES)
        number = call.params.get("tranId", "")
        found = [
            one
            for one in self._moved(call)
            if self._wallet_of(one.asset) == LINEAR_WALLET
            and (one.amount > ZERO) == (kind == TRANSFER_TYPES[0])
            and number in {"", str(one.number)}
        ]
        size = min(whole(call.params, "size", 10), TRANSFERS_MAX)
        first = (max(1, whole(call.params, "current", 1)) - 1) * size
        rows = [
            {
                "asset": one.asset,
                "amount": money(-one.amount),
                "type": kind,
                "status": "CONFIRMED",
                "tranId": one.number,
                "timestamp": one.at_ms,
            }
            for one in found[first : first + size]
        ]
        return Bare(body={"total": len(found), "rows": rows})

    def _moved(self, call: Call) -> list[Income]:
        times = window(call.params, self._office.now_ms)
        return [one for one in self._office.transfers(call.account)[::-1] if one.at_ms in times]

    def _ends(self, one: Income) -> tuple[str, str]:
        wallet = self._wallet_of(one.asset)
        return (SPOT_WALLET, wallet) if one.amount > ZERO else (wallet, SPOT_WALLET)

    def _row(self, one: Income) -> Row:
        source, target = self._ends(one)
        return {
            "asset": one.asset,
            "amount": money(abs(one.amount)),
            "status": "CONFIRMED",
            "transferId": str(one.number),
            "timestamp": one.at_ms,
            "fromAccount": source,
            "toAccount": target,
        }

    def currencies(self, _call: Call) -> list[Row]:
        """List coins, and the networks they come and go by."""
        return [
            {"coin": coin, "name": coin, "networkList": [_network(coin, name)]}
            for coin, name in NETWORKS.items()
        ]


def _unless_so_already(error: NoError) -> None:
    """Let pass that nothing had to change."""
    if error.no is not No.NO_CHANGE:
        raise error


def _network(coin: str, name: str) -> Row:
    return {
        "name": coin,
        "network": name,
        "isDefault": True,
        "minConfirm": "2",
        "withdrawEnable": True,
        "depositEnable": True,
        "withdrawFee": "0.00004",
        "withdrawMax": "1000000",
        "withdrawMin": "0.0001",
        "depositMin": "0.0001",
        "withdrawPrecision": "8",
        "depositPrecision": "8",
        "contractAddress": "",
        "needTagOrMemo": "false",
        "displayName": f"{coin}{name}",
    }
