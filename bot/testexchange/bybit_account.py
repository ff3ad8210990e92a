"""Bybit's dialect: the account, what it is set to, and its money."""

import uuid
from decimal import Decimal
from typing import Literal

from bot.core.values import ONE, ZERO, record
from bot.testexchange.bybit_board import BybitBoard
from bot.testexchange.bybit_reading import page_of, time_of, traded_kind
from bot.testexchange.bybit_words import flat, market_id, order_id, position_words
from bot.testexchange.reading import body_of, number_of, text_of
from bot.testexchange.records import Income
from bot.testexchange.router import Call
from bot.testexchange.wire import No, NoError

COINS = {"BTC": "0.95", "ETH": "0.95", "USDT": "1"}
"""Coins the venue deals in, and the share of each that backs positions where a customer has switched that on."""


RATE = ONE.scaleb(-4)
ONE_WAY, HEDGE = "0", "3"
WAYS: dict[tuple[str, str], Literal["futures", "spot"]] = {
    ("FUND", "UNIFIED"): "futures",
    ("UNIFIED", "FUND"): "spot",
}
"""Transfers there are, and the wallet each ends in."""


@record
class Stock:
    """What there is of a coin in the unified wallet."""

    price: Decimal
    """In dollars."""
    balance: Decimal
    equity: Decimal
    initial: Decimal
    maintenance: Decimal


class BybitAccount(BybitBoard):
    """The desks of one customer's account."""

    # --- key and settings -------------------------------------------------------------------------------------

    def key(self, call: Call) -> object:
        """Tell what the key may do."""
        if call.key is None:
            raise NoError(No.KEY)
        rights = call.key.permissions
        trade, move, leave = "trade" in rights, "transfer" in rights, "withdraw" in rights
        return {
            "id": "13770661",
            "note": "hedge",
            "apiKey": call.key.key,
            "readOnly": 0 if trade or move or leave else 1,
            "secret": "",
            "permissions": {
                "ContractTrade": ["Order", "Position"] if trade else [],
                "Spot": [],
                "Wallet": (["AccountTransfer"] if move else []) + (["Withdraw"] if leave else []),
                "Options": [],
                "Derivatives": ["DerivativesTrade"] if trade else [],
                "CopyTrading": [],
                "BlockTrade": [],
                "Exchange": [],
                "NFT": [],
            },
            "ips": ["203.0.113.7"] if call.key.ip_bound else ["*"],
            "type": 1,
            "uta": 1,
            "unified": 0,
            "isMaster": True,
        }

    def info(self, call: Call) -> object:
        """Tell how the account is margined."""
        cross = self.office.trader(call.account).margin_mode == "cross"
        return {
            "marginMode": "REGULAR_MARGIN" if cross else "ISOLATED_MARGIN",
            "updatedTime": str(self.office.now_ms),
            "unifiedMarginStatus": 6,
            "dcpStatus": "OFF",
            "timeWindow": 10,
            "smpGroup": 0,
            "isMasterTrader": False,
            "spotHedgingStatus": "OFF",
        }

    def fees(self, call: Call) -> object:
        """Tell the account's fees, of one contract or of a category's."""
        rows = [
            {"symbol": market_id(one), "makerFeeRate": one.fee_maker, "takerFeeRate": one.fee_taker}
            for one in self.chosen(call.params)
        ]
        return {"list": rows}

    def set_leverage(self, call: Call) -> object:
        """Set a contract's leverage."""
        words = body_of(call.request)
        contract = self.living(words)
        leverage = number_of(words, "buyLeverage")
        if number_of(words, "sellLeverage") != leverage:
            raise NoError(No.PARAMETER, "buyLeverage and sellLeverage differ")
        if leverage == self.office.leverage(call.account, contract.symbol):
            raise NoError(No.NO_CHANGE)
        self.office.set_leverage(call.account, contract.symbol, leverage)
        return {}

    def set_margin(self, call: Call) -> object:
        """Set how the account is margined; by portfolio is not offered."""
        word = text_of(body_of(call.request), "setMarginMode")
        if word == "PORTFOLIO_MARGIN":
            raise NoError(No.UNSUPPORTED, word)
        if word not in {"REGULAR_MARGIN", "ISOLATED_MARGIN"}:
            raise NoError(No.PARAMETER, "setMarginMode")
        self.office.set_margin_mode(call.account, "cross" if word == "REGULAR_MARGIN" else "isolated")
        return {"reasons": []}

    def set_mode(self, call: Call) -> object:
        """Set the position mode: here it is the account's, whichever contract or coin is named."""
        words = body_of(call.request)
        kind, mode = traded_kind(words), str(words.get("mode"))
        if text_of(words, "symbol"):
            self.contract(words)
        elif not text_of(words, "coin"):
            raise NoError(No.PARAMETER, "symbol or coin is required")
        if mode not in {ONE_WAY, HEDGE}:
            raise NoError(No.PARAMETER, "mode")
        if mode == HEDGE and kind == "inverse":
            raise NoError(No.UNSUPPORTED, "hedge mode of inverse contracts")
        self.office.set_hedge_mode(call.account, on=mode == HEDGE)
        return {}

    # --- the unified wallet -----------------------------------------------------------------------------------

    def balance(self, call: Call) -> object:
        """Tell the unified wallet; sums are in dollars."""
        if call.wanted("accountType") != "UNIFIED":
            raise NoError(No.PARAMETER, "accountType only support UNIFIED.")
        wallets = sorted(self.office.trader(call.account).wallets)
        stocks = {coin: self._stock(call.account, coin) for kind, coin in wallets if kind == "futures"}
        asked = _coins_of(call)
        shown = [_coin_words(coin, one) for coin, one in stocks.items() if not asked or coin in asked]
        return {"list": [{**_account_words(tuple(stocks.values())), "coin": shown}]}

    def _stock(self, account: str, coin: str) -> Stock:
        """Reckon what there is of a coin, and what positions need of it."""
        trader, marks = self.office.trader(account), self.office.exchange.marks
        if not trader.priced(coin, marks):
            raise NoError(No.UNPRICED)
        margins = [
            trader.initial_margin(one, marks[one.contract.symbol]) for one in trader.open_positions(coin)
        ]
        return Stock(
            price=self.office.exchange.indices.get(coin, ONE),
            balance=trader.balance("futures", coin),
            equity=trader.wallet_equity(coin, marks),
            initial=sum(margins, ZERO),
            maintenance=trader.maintenance(coin, marks),
        )

    def collateral(self, call: Call) -> object:
        """Tell which coins back positions in others: those the customer has switched on."""
        trader = self.office.trader(call.account)
        wanted = call.params.get("currency", "")
        rows = []
        for coin in {**COINS, **dict.fromkeys(trader.collateral_shares)}:
            share = trader.share(coin)
            told = {
                "currency": coin,
                "collateralRatio": share or COINS.get(coin, "0"),
                "marginCollateral": True,
                "collateralSwitch": share > ZERO,
                "borrowable": False,
            }
            if wanted in {"", coin}:
                rows.append(told)
        return {"list": rows}

    # --- positions --------------------------------------------------------------------------------------------

    def positions(self, call: Call) -> object:
        """List positions: a contract's row, be it flat, or the open ones of a category."""
        held = {one.symbol: one for one in self.office.positions(call.account)}
        hedged = self.office.hedge_mode.get(call.account, False)
        rows = []
        for contract in self.chosen(call.params, narrowed=True):
            position = held.get(contract.symbol, flat(contract))
            if position.contracts == ZERO and not call.params.get("symbol"):
                continue
            rows += [
                position_words(self.office, call.account, position, contract, index)
                for index in ((1, 2) if hedged else (0,))
            ]
        page, following = page_of(rows, call.params, 20, 200)
        return {"nextPageCursor": following, "category": call.params["category"], "list": page}

    # --- the funding wallet -----------------------------------------------------------------------------------

    def funds(self, call: Call) -> object:
        """Tell the funding wallet."""
        if call.wanted("accountType") != "FUND":
            raise NoError(No.PARAMETER, "accountType")
        asked = _coins_of(call)
        wallets = self.office.trader(call.account).wallets
        rows = [
            {"coin": coin, "walletBalance": amount, "transferBalance": amount, "bonus": "0"}
            for (kind, coin), amount in sorted(wallets.items())
            if kind == "spot" and (not asked or coin in asked)
        ]
        return {"accountType": "FUND", "memberId": "1", "balance": rows}

    def transfer(self, call: Call) -> object:
        """Move money between the wallets."""
        words = body_of(call.request)
        way = WAYS.get((text_of(words, "fromAccountType"), text_of(words, "toAccountType")))
        name, coin = text_of(words, "transferId"), text_of(words, "coin")
        if way is None:
            raise NoError(No.PARAMETER, "fromAccountType or toAccountType")
        if not _is_uuid(name):
            raise NoError(No.PARAMETER, "transferId must be a UUID")
        if not coin:
            raise NoError(No.PARAMETER, "coin")
        amount = number_of(words, "amount")
        if amount <= ZERO:
            raise NoError(No.PARAMETER, "amount")
        self.office.transfer(call.account, coin, amount, way, name)
        return {"transferId": name, "status": "SUCCESS"}

    def transfers(self, call: Call) -> object:
        """List transfers, newest first."""
        from_ms, to_ms = time_of(call.params, "startTime"), time_of(call.params, "endTime")
        found = [
            _transfer_words(one)
            for one in reversed(self.office.transfers(call.account))
            if (from_ms or 0) <= one.at_ms <= (self.office.now_ms if to_ms is None else to_ms)
        ]
        for name in ("transferId", "coin", "status"):
            wanted = call.params.get(name, "")
            found = [one for one in found if wanted in {"", one[name]}]
        page, following = page_of(found, call.params, 20, 50)
        return {"list": page, "nextPageCursor": following}

    def currencies(self, call: Call) -> object:
        """List coins; none can leave the town."""
        wanted = call.params.get("coin", "")
        rows = [
            {"name": coin, "coin": coin, "remainAmount": "0", "chains": []}
            for coin in COINS
            if wanted in {"", coin}
        ]
        return {"rows": rows}


def _coins_of(call: Call) -> set[str]:
    """Read which coins are asked for; none is all."""
    return {coin for coin in call.params.get("coin", "").split(",") if coin}


def _coin_words(coin: str, one: Stock) -> dict[str, object]:
    return {
        "coin": coin,
        "equity": one.equity,
        "usdValue": one.equity * one.price,
        "walletBalance": one.balance,
        "availableToWithdraw": "",
        "availableToBorrow": "",
        "locked": "0",
        "borrowAmount": "0",
        "accruedInterest": "0",
        "totalOrderIM": "0",
        "totalPositionIM": one.initial,
        "totalPositionMM": one.maintenance,
        "unrealisedPnl": one.equity - one.balance,
        "cumRealisedPnl": "0",
        "bonus": "0",
        "marginCollateral": True,
        "collateralSwitch": True,
    }


def _account_words(stocks: tuple[Stock, ...]) -> dict[str, object]:
    equity = sum((one.equity * one.price for one in stocks), ZERO)
    balance = sum((one.balance * one.price for one in stocks), ZERO)
    initial = sum((one.initial * one.price for one in stocks), ZERO)
    maintenance = sum((one.maintenance * one.price for one in stocks), ZERO)
    return {
        "accountType": "UNIFIED",
        "totalEquity": equity,
        "totalWalletBalance": balance,
        "totalMarginBalance": equity,
        "totalAvailableBalance": max(ZERO, equity - initial),
        "totalPerpUPL": equity - balance,
        "totalInitialMargin": initial,
        "totalMaintenanceMargin": maintenance,
        "accountIMRate": (initial / equity).quantize(RATE) if equity > ZERO else ZERO,
        "accountMMRate": (maintenance / equity).quantize(RATE) if equity > ZERO else ZERO,
        "accountLTV": "0",
    }


def _transfer_words(one: Income) -> dict[str, object]:
    arrived = one.amount > ZERO
    return {
        "transferId": one.name or order_id(one.number),
        "coin": one.asset,
        "amount": abs(one.amount),
        "fromAccountType": "FUND" if arrived else "UNIFIED",
        "toAccountType": "UNIFIED" if arrived else "FUND",
        "timestamp": str(one.at_ms),
        "status": "SUCCESS",
    }


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
