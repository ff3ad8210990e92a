"""Bybit's dialect: the account, what it is set to, and its money."""

from decimal import Decimal

from bot.core.instruments import Contract
from bot.core.snapshot import Position
from bot.core.values import ZERO, Contracts, Money, Price
from bot.testexchange.bybit_board import BybitBoard
from bot.testexchange.bybit_words import category, market_id, number_of_id, position_words
from bot.testexchange.reading import number_of
from bot.testexchange.router import Call
from bot.testexchange.wire import No, NoError

COLLATERAL = {"BTC": "0.95", "ETH": "0.95", "USDT": "1"}


class BybitAccount(BybitBoard):
    """The desks of one customer's account."""

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
            "updatedTime": str(max(1, self.office.now_ms)),
            "unifiedMarginStatus": 6,
            "dcpStatus": "OFF",
            "timeWindow": 10,
            "smpGroup": 0,
            "isMasterTrader": False,
            "spotHedgingStatus": "OFF",
        }

    def balance(self, call: Call) -> object:
        """Tell the unified wallet."""
        if call.params.get("accountType", "UNIFIED") != "UNIFIED":
            raise NoError(No.PARAMETER, "accountType only support UNIFIED.")
        trader = self.office.trader(call.account)
        coins = [self._coin(call.account, coin) for kind, coin in sorted(trader.wallets) if kind == "futures"]
        worth = {coin: self.office.exchange.indices.get(coin, Decimal(1)) for _, coin in trader.wallets}
        whole = sum((Decimal(str(one["equity"])) * worth[str(one["coin"])] for one in coins), ZERO)
        kept = sum((Decimal(str(one["totalPositionMM"])) * worth[str(one["coin"])] for one in coins), ZERO)
        account = {
            "accountType": "UNIFIED",
            "totalEquity": whole,
            "totalWalletBalance": whole,
            "totalMarginBalance": whole,
            "totalAvailableBalance": whole,
            "totalPerpUPL": "0",
            "totalInitialMargin": "0",
            "totalMaintenanceMargin": kept,
            "accountIMRate": "0",
            "accountMMRate": (kept / whole).quantize(Decimal("0.0001")) if whole else ZERO,
            "accountLTV": "0",
            "coin": coins,
        }
        return {"list": [account]}

    def _coin(self, account: str, coin: str) -> dict[str, object]:
        trader, marks = self.office.trader(account), self.office.exchange.marks
        balance, priced = trader.balance("futures", coin), trader.priced(coin, marks)
        held = trader.open_positions(coin) if priced else []
        margin = sum((trader.initial_margin(one, marks[one.contract.symbol]) for one in held), ZERO)
        equity = trader.wallet_equity(coin, marks) if priced else balance
        return {
            "coin": coin,
            "equity": equity,
            "usdValue": equity * self.office.exchange.indices.get(coin, Decimal(1)),
            "walletBalance": balance,
            "availableToWithdraw": "",
            "availableToBorrow": "",
            "locked": "0",
            "borrowAmount": "0",
            "accruedInterest": "0",
            "totalOrderIM": "0",
            "totalPositionIM": margin,
            "totalPositionMM": trader.maintenance(coin, marks) if priced else ZERO,
            "unrealisedPnl": equity - balance,
            "cumRealisedPnl": "0",
            "bonus": "0",
            "marginCollateral": True,
            "collateralSwitch": True,
        }

    def collateral(self, call: Call) -> object:
        """Tell which coins back positions, and by which share."""
        self.office.trader(call.account)
        return {
            "list": [
                {
                    "currency": coin,
                    "collateralRatio": share,
                    "marginCollateral": True,
                    "collateralSwitch": True,
                    "borrowable": False,
                }
                for coin, share in COLLATERAL.items()
            ]
        }

    def fees(self, call: Call) -> object:
        """Tell the account's fees."""
        contract = self.contract(call)
        rates = {"makerFeeRate": contract.fee_maker, "takerFeeRate": contract.fee_taker}
        return {"list": [{"symbol": market_id(contract), **rates}]}

    def positions(self, call: Call) -> object:
        """List positions: a contract's row, or the open ones of a category."""
        held = {one.symbol: one for one in self.office.positions(call.account)}
        contracts = self.office.exchange.contracts
        if call.params.get("symbol"):
            contract = self.contract(call)
            found = [held.get(contract.symbol, _flat(contract))]
        else:
            kind = call.wanted("category")
            settle = call.params.get("settleCoin")
            if kind == "linear" and settle is None:
                raise NoError(No.PARAMETER, "symbol or settleCoin is required")
            found = [
                one
                for one in held.values()
                if category(contracts[one.symbol]) == kind and settle in {None, contracts[one.symbol].settle}
            ]
        words = [position_words(self.office, call.account, one, contracts[one.symbol]) for one in found]
        return {"nextPageCursor": "", "category": call.params.get("category", ""), "list": words}

    def set_leverage(self, call: Call) -> object:
        """Set a contract's leverage."""
        words = body_of(call)
        contract = self.named(str(words.get("symbol", "")))
        leverage = number_of(words, "buyLeverage")
        if number_of(words, "sellLeverage") != leverage:
            raise NoError(No.PARAMETER, "buyLeverage and sellLeverage differ")
        if leverage == self.office.leverage(call.account, contract.symbol):
            raise NoError(No.NO_CHANGE)
        self.office.set_leverage(call.account, contract.symbol, leverage)
        return {}

    def set_margin(self, call: Call) -> object:
        """Set how the account is margined."""
        word = str(body_of(call).get("setMarginMode", ""))
        if word not in {"REGULAR_MARGIN", "ISOLATED_MARGIN"}:
            raise NoError(No.PARAMETER, "setMarginMode")
        self.office.set_margin_mode(call.account, "cross" if word == "REGULAR_MARGIN" else "isolated")
        return {"reasons": []}

    def set_mode(self, call: Call) -> object:
        """Set the position mode."""
        mode = str(body_of(call).get("mode", ""))
        if mode not in {"0", "3"}:
            raise NoError(No.PARAMETER, "mode")
        self.office.set_hedge_mode(call.account, on=mode == "3")
        return {}

    def funds(self, call: Call) -> object:
        """Tell the funding wallet."""
        if call.wanted("accountType") != "FUND":
            raise NoError(No.PARAMETER, "accountType")
        trader = self.office.trader(call.account)
        found = [
            {"coin": coin, "walletBalance": amount, "transferBalance": amount, "bonus": "0"}
            for (kind, coin), amount in sorted(trader.wallets.items())
            if kind == "spot"
        ]
        return {"accountType": "FUND", "memberId": "1", "balance": found}

    def transfer(self, call: Call) -> object:
        """Move money between the wallets."""
        words = {name: str(value) for name, value in body_of(call).items()}
        ways = {("FUND", "UNIFIED"): "futures", ("UNIFIED", "FUND"): "spot"}
        way = ways.get((words.get("fromAccountType", ""), words.get("toAccountType", "")))
        if way is None:
            raise NoError(No.PARAMETER, "fromAccountType or toAccountType")
        name = words.get("transferId", "")
        number_of_id(name)
        amount = number_of(words, "amount")
        self.office.transfer(
            call.account, words.get("coin", ""), amount, "futures" if way == "futures" else "spot", name
        )
        return {"transferId": name, "status": "SUCCESS"}

    def transfers(self, call: Call) -> object:
        """List transfers."""
        wanted = call.params.get("transferId")
        found = [
            {
                "transferId": one.name,
                "coin": one.asset,
                "amount": abs(one.amount),
                "fromAccountType": "FUND" if one.amount > ZERO else "UNIFIED",
                "toAccountType": "UNIFIED" if one.amount > ZERO else "FUND",
                "timestamp": str(one.at_ms),
                "status": "SUCCESS",
            }
            for one in self.office.transfers(call.account)
            if wanted in {None, one.name}
        ]
        return {"list": found[::-1], "nextPageCursor": ""}


def body_of(call: Call) -> dict[str, object]:
    """Read the JSON object of a request.

    Raises:
        NoError: it is none.
    """
    found = call.request.json()
    if not isinstance(found, dict):
        raise NoError(No.PARAMETER, "the body is no object")
    return found


def _flat(contract: Contract) -> Position:
    return Position(
        symbol=contract.symbol, contracts=Contracts(ZERO), entry_price=Price(ZERO), realised_pnl=Money(ZERO)
    )
