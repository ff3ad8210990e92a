"""What is read at a scrape, off the window and off the channels: one sample a figure; what is not known gives none."""

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import get_args

from bot.adapters.alerts import Count
from bot.adapters.metrics import Sample
from bot.core.causes import CauseKind
from bot.core.desk import RollView
from bot.core.guard import Watch
from bot.core.memory import State
from bot.core.orders import OrderState
from bot.core.rolls import Stage
from bot.core.snapshot import Quote, Snapshot, Wallet
from bot.core.values import ZERO
from bot.shell.view import HedgeView
from bot.shell.window import Board, Picture, Window

MS = 1000


def gauges(window: Window) -> Iterator[Sample]:
    """Read every board of a window."""
    yield "standby", (), float(window.waiting and not window.boards)
    yield "start_timestamp_seconds", (), window.since_ms / MS
    yield "clock_timestamp_seconds", (), window.now_ms() / MS
    yield "loop_silence_seconds_max", (), window.silent_ms / MS
    for board in window.boards.values():
        yield from _loop(board)
        if board.picture is not None:
            yield from _account(board.account, board.picture)
            yield from _market(board.account, board.picture.snapshot)
            for view in board.picture.hedges:
                yield from _hedge(view, board.picture.snapshot)
        for (hedge, window_name), figure in board.effectiveness.items():
            yield "hedge_effectiveness_ratio", (board.account, hedge, window_name), float(figure)
        for hedge, lost in board.shortfall.items():
            yield "hedge_shortfall_quote", (board.account, hedge), float(lost)
        for kind, at_ms in board.incidents.items():
            yield "incident_timestamp_seconds", (board.account, kind), at_ms / MS


def notices(counts: Mapping[str, Count]) -> Iterator[Sample]:
    """Read what became of messages to persons, channel by channel."""
    for channel, count in counts.items():
        for outcome in ("sent", "failed", "dropped"):
            yield "notices_total", (channel, outcome), getattr(count, outcome)
        yield "notices_waiting", (channel,), count.waiting


def _loop(board: Board) -> Iterator[Sample]:
    mine = (board.account,)
    if board.pulse.looked_ms:
        yield "loop_success_timestamp_seconds", mine, board.pulse.looked_ms / MS
    yield "loop_trouble", mine, float(bool(board.pulse.trouble))
    if board.allowance is not None:
        yield "api_weight_used", mine, float(board.allowance.used)
        yield "api_weight_budget", mine, float(board.allowance.weight_max)


def _account(account: str, picture: Picture) -> Iterator[Sample]:
    snapshot, decision = picture.snapshot, picture.decision
    mine = (account,)
    yield "decision_timestamp_seconds", mine, decision.at_ms / MS
    if snapshot.account_at_ms is not None:
        yield "account_timestamp_seconds", mine, snapshot.account_at_ms / MS
    yield "letters_missing", mine, len(snapshot.missing)
    yield "foreign_positions", mine, len(snapshot.foreign)
    if picture.watch is not None:
        yield from _guard(account, picture.watch, [one.hedge for one in decision.explanations])
    for wallet in snapshot.wallets:
        yield from _wallet(account, wallet)


def _guard(account: str, watch: Watch, hedges: list[str]) -> Iterator[Sample]:
    yield "guard_rung", (account,), float(watch.rung)
    for one in State:
        yield "guard_state", (account, one.value), float(one is watch.state)
        for hedge in hedges:
            yield "hedge_guard_state", (account, hedge, one.value), float(one is watch.state_of(hedge))
    counted = Counter(cause.kind for cause in watch.causes)
    for kind in get_args(CauseKind):
        yield "guard_causes", (account, kind), counted[kind]


def _wallet(account: str, wallet: Wallet) -> Iterator[Sample]:
    mine = (account, wallet.asset)
    yield "wallet_balance", mine, float(wallet.balance)
    yield "wallet_spare", mine, float(wallet.spare)
    if wallet.equity is not None and wallet.maintenance is not None and wallet.equity > ZERO:
        yield "margin_ratio_venue", mine, float(wallet.maintenance / wallet.equity)


def _market(account: str, snapshot: Snapshot) -> Iterator[Sample]:
    for quote in snapshot.quotes:
        yield from _quote(account, quote)
        held = snapshot.position(quote.symbol).contracts
        yield "position_contracts", (account, quote.symbol), float(held)
    for funding in snapshot.funding:
        mine = (account, funding.symbol)
        yield "funding_rate_ratio", mine, float(funding.rate)
        yield "funding_next_timestamp_seconds", mine, funding.next_at_ms / MS


def _quote(account: str, quote: Quote) -> Iterator[Sample]:
    mine = (account, quote.symbol)
    yield "mark_price_quote", mine, float(quote.mark)
    yield "index_price_quote", mine, float(quote.index)
    yield "basis_ratio", mine, float(quote.mark / quote.index - 1)
    yield "quote_timestamp_seconds", mine, quote.at_ms / MS


def _hedge(view: HedgeView, snapshot: Snapshot) -> Iterator[Sample]:
    mine = (view.account, view.hedge)
    for name, figure in (*_figures(view), *_gap(view, snapshot)):
        if figure is not None:
            yield name, mine, float(figure)
    for source in ("spot", "futures", "funding", "fees"):
        yield "hedge_profit_quote", (*mine, source), float(getattr(view.profit, source))
    if view.roll is not None:
        yield from _roll(mine, view.roll)


def _figures(view: HedgeView) -> Iterator[tuple[str, Decimal | None]]:
    unknown = sum(order.state is OrderState.UNKNOWN for order in view.working)
    yield "hedge_own_coins", view.own_coins
    yield "hedge_value_quote", view.value
    yield "hedge_value_unhedged_quote", view.value_unhedged
    yield "hedge_ratio_target", view.ratio_target
    yield "hedge_ratio_achieved", view.ratio_achieved
    yield "hedge_naked_coins", view.naked
    yield "hedge_cross", Decimal(bool(view.foreign))
    yield "hedge_orders_working", Decimal(len(view.working))
    yield "hedge_orders_unknown", Decimal(unknown)
    yield "hedge_margin_ratio", view.margin_ratio
    yield "hedge_liquidation_distance_ratio", view.liquidation_distance
    yield "hedge_liquidation_price_quote", view.liquidation_price


def _gap(view: HedgeView, snapshot: Snapshot) -> Iterator[tuple[str, Decimal | None]]:
    """Give gap and band in coins: what a table tells in contracts."""
    if view.gap is None or view.band_outer is None:
        return
    contract = snapshot.contract(view.symbol)
    coins = contract.coins(view.gap, view.mark)
    yield "hedge_gap_coins", coins
    yield "hedge_gap_quote", coins * view.mark
    yield "hedge_band_coins", contract.coins(view.band_outer, view.mark)


def _roll(mine: tuple[str, str], roll: RollView) -> Iterator[Sample]:
    for stage in Stage:
        yield "roll_stage", (*mine, stage.value), float(stage is roll.stage)
    if roll.expiry_ms is not None:
        yield "roll_expiry_timestamp_seconds", mine, roll.expiry_ms / MS
    yield "roll_left_contracts", mine, float(roll.left)
    yield "roll_naked_coins", mine, float(roll.naked)
    yield "roll_late", mine, float(roll.late)
