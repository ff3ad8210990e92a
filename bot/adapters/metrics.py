"""Every metric there is, named in one table; counters and clocks are fed here; gauges, and what others count, are read at a scrape.

Base units: seconds, coins, quote currency; shares are 0..1; times are seconds since 1970, never ages; what only grows
ends in ``_total``. Labels are bounded by the settings: mode, account, hedge, instrument; and by words of our own.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from bot.adapters.metered import Call
from bot.core.books import Incident, IncidentKind
from bot.core.orders import DONE
from bot.core.reports import OrderReport
from bot.core.values import record
from bot.shell.ports import Heard
from bot.shell.step import Step

Kind = Literal["gauge", "counter", "histogram"]
QUICK = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
SLOW = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


@record
class Family:
    """One metric: its name without the prefix, what it means, its labels besides the mode."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...]
    buckets: tuple[float, ...] = ()
    read: bool = False
    """Whether somebody else knows its figures, so that they are asked for at a scrape."""


ACCOUNT = ("account",)
HEDGE = ("account", "hedge")
INSTRUMENT = ("account", "instrument")


def _gauge(name: str, labels: tuple[str, ...], meaning: str) -> Family:
    return Family(name=name, kind="gauge", help=meaning, labels=labels, read=True)


def _counter(name: str, labels: tuple[str, ...], meaning: str) -> Family:
    return Family(name=name, kind="counter", help=meaning, labels=labels)


def _histogram(name: str, labels: tuple[str, ...], meaning: str, buckets: tuple[float, ...]) -> Family:
    return Family(name=name, kind="histogram", help=meaning, labels=labels, buckets=buckets)


FAMILIES: tuple[Family, ...] = (
    # The hedge
    _gauge(
        "hedge_own_coins",
        HEDGE,
        "Own coins, wherever they lie; other coins than the contract's by their value.",
    ),
    _gauge("hedge_value_quote", HEDGE, "Own coins and the hedge's profit, in quote currency."),
    _gauge(
        "hedge_value_unhedged_quote",
        HEDGE,
        "What the coins the owner began with would be worth without a hedge, in quote currency.",
    ),
    _gauge(
        "hedge_profit_quote",
        (*HEDGE, "source"),
        "Profit since the hedge began by source (spot, futures, funding, fees), in quote currency; paid is negative.",
    ),
    _gauge("hedge_ratio_target", HEDGE, "Value wanted short per value held."),
    _gauge("hedge_ratio_achieved", HEDGE, "Value held short per value held."),
    _gauge(
        "hedge_gap_coins",
        HEDGE,
        "Coins still to be sold (negative) or bought back (positive), orders in flight counted.",
    ),
    _gauge("hedge_gap_quote", HEDGE, "The gap at the mark, in quote currency."),
    _gauge("hedge_band_coins", HEDGE, "Gap at which the hedge is traded, in coins."),
    _gauge("hedge_naked_coins", HEDGE, "Coins unhedged because of the guard."),
    _gauge(
        "hedge_effectiveness_ratio",
        (*HEDGE, "window"),
        "1 - variance hedged / variance unhedged of hourly changes, by window (1d, 7d, 30d); absent while too little is known.",
    ),
    _gauge("hedge_cross", HEDGE, "1 if other coins than the contract's are hedged, 0 if only its own."),
    _gauge("hedge_orders_working", HEDGE, "Orders that may still fill."),
    _gauge("hedge_orders_unknown", HEDGE, "Orders whose fate the venue has not told."),
    _gauge(
        "hedge_margin_ratio",
        HEDGE,
        "Maintenance margin over equity behind the hedge, by our forecast; 1 liquidates.",
    ),
    _gauge(
        "hedge_liquidation_distance_ratio",
        HEDGE,
        "Move of all prices that liquidates, as a share of today's; absent if none does.",
    ),
    _gauge(
        "hedge_liquidation_price_quote",
        HEDGE,
        "Price that liquidates the position, in quote currency; absent if none does.",
    ),
    _gauge(
        "hedge_guard_state",
        (*HEDGE, "state"),
        "1 for what the guard lets the hedge do, 0 for the other states.",
    ),
    _gauge(
        "hedge_shortfall_quote",
        HEDGE,
        "Quote currency lost against the prices when gaps were first seen, fees aside, over all orders.",
    ),
    # Rolls
    _gauge("roll_stage", (*HEDGE, "stage"), "1 for the stage a dated hedge is in, 0 for the others."),
    _gauge(
        "roll_expiry_timestamp_seconds", HEDGE, "When the held dated contract expires; absent without one."
    ),
    _gauge("roll_left_contracts", HEDGE, "Signed contracts left in the contract that is being left."),
    _gauge("roll_naked_coins", HEDGE, "Coins unhedged between the legs of a roll."),
    _gauge("roll_late", HEDGE, "1 if a contract expires soon and is still held."),
    # The contract
    _gauge("position_contracts", INSTRUMENT, "Signed contracts held; a short is negative."),
    _gauge("mark_price_quote", INSTRUMENT, "The venue's fair price, in quote currency."),
    _gauge("index_price_quote", INSTRUMENT, "The spot reference, in quote currency."),
    _gauge("basis_ratio", INSTRUMENT, "Mark over index, less 1."),
    _gauge("funding_rate_ratio", INSTRUMENT, "Funding at the next settlement; positive: shorts receive."),
    _gauge("funding_next_timestamp_seconds", INSTRUMENT, "When funding settles next."),
    _gauge("quote_timestamp_seconds", INSTRUMENT, "When the quote was made, by the venue's word."),
    # The account
    _gauge("wallet_balance", ("account", "asset"), "Realised money in the futures wallet, in the asset."),
    _gauge(
        "wallet_spare",
        ("account", "asset"),
        "What lies in the venue's spot wallet and could be moved, in the asset.",
    ),
    _gauge(
        "margin_ratio_venue",
        ("account", "asset"),
        "Maintenance margin over equity by the venue's word; absent if it gives none.",
    ),
    _gauge("account_timestamp_seconds", ACCOUNT, "When the venue's word on the account was read."),
    _gauge(
        "letters_missing",
        ACCOUNT,
        "Parts of the picture that did not come or came late; any means that nothing is decided.",
    ),
    _gauge(
        "guard_state",
        ("account", "state"),
        "1 for what the guard lets the account do, 0 for the other states.",
    ),
    _gauge(
        "guard_rung",
        ACCOUNT,
        "Rung of the margin ladder: 0 clear, 1 warn, 2 top up, 3 stop, 4 cancel, 5 reduce, 6 halt.",
    ),
    _gauge(
        "guard_causes",
        ("account", "kind"),
        "Causes for which less may happen, or a person should look, by kind.",
    ),
    _gauge("api_weight_used", ACCOUNT, "Request weight spent within the venue's window."),
    _gauge("api_weight_budget", ACCOUNT, "Request weight that the venue's window allows."),
    _gauge("foreign_positions", ACCOUNT, "Contracts held that no hedge explains."),
    _gauge(
        "incident_timestamp_seconds",
        ("account", "kind"),
        "When something last happened to the account that we did not do, by kind, this run or one before; absent if never.",
    ),
    # The loop
    _gauge("loop_success_timestamp_seconds", ACCOUNT, "When a look last succeeded; absent before the first."),
    _gauge(
        "loop_silence_seconds_max", (), "After so long without a look that succeeded a loop counts as silent."
    ),
    _gauge("loop_trouble", ACCOUNT, "1 if the last look did not succeed."),
    _gauge("decision_timestamp_seconds", ACCOUNT, "Time printed on the last decision."),
    _gauge("standby", (), "1 while another process leads and this one waits, 0 otherwise."),
    _gauge("start_timestamp_seconds", (), "When this process began to watch."),
    _gauge(
        "run_end_timestamp_seconds",
        ("reason",),
        "When the last run ended by itself, by reason (key_refused, venue_lost, journal_lost, preflight, crashed); absent if none did.",
    ),
    _gauge("clock_timestamp_seconds", (), "The bot's own clock: model time in a demo."),
    # What happens
    _counter("decisions_total", (*HEDGE, "answer"), "Answers given, by answer."),
    _counter("refusals_total", (*HEDGE, "gate"), "Wishes refused, by the gate that said no."),
    _counter("orders_total", ("account", "state"), "Orders that came to a state, by state."),
    _counter("fills_total", INSTRUMENT, "Fills heard."),
    _counter("fill_contracts_total", (*INSTRUMENT, "side"), "Contracts filled, by side."),
    _counter(
        "incidents_total", ("account", "kind"), "What happened to the account that we did not do, by kind."
    ),
    _counter(
        "venue_requests_total",
        ("account", "question", "outcome"),
        "Questions to the venue, by question and outcome: ok, or the error by its remedy.",
    ),
    _histogram("venue_request_seconds", ("account", "question"), "What the venue's answers took.", SLOW),
    _histogram(
        "journal_write_seconds", ("account", "what"), "What writing down took, until it was durable.", QUICK
    ),
    Family(
        name="notices_total",
        kind="counter",
        help="Messages to persons by channel and outcome: sent, failed (given up), dropped (no room).",
        labels=("channel", "outcome"),
        read=True,
    ),
    _gauge("notices_waiting", ("channel",), "Messages to persons that wait for their channel."),
    _counter("journal_failures_total", ACCOUNT, "Times the journal could not be used."),
    _histogram("decision_seconds", ACCOUNT, "What deciding took, without asking.", QUICK),
    _histogram("step_seconds", ACCOUNT, "What a whole step took: observe, decide, journal, execute.", SLOW),
)

BY_NAME: Mapping[str, Family] = {family.name: family for family in FAMILIES}
PREFIX = "hedgerow_"
WRITES = frozenset(
    {"decided", "order_moved", "heard", "found", "adopt", "learned", "transfer_moved", "marked"}
)

Sample = tuple[str, tuple[str, ...], float]
"""The name of what is read at a scrape, its labels besides the mode, its value."""


class Metrics:
    """The metrics of one process, in a registry of their own."""

    def __init__(self, mode: str, version: str, read: Callable[[], Iterable[Sample]]) -> None:
        """Name everything; ``read`` is asked at every scrape."""
        self.registry = CollectorRegistry()
        self._mode = mode
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.registry.register(_Read(mode, version, read))
        made = [one for one in FAMILIES if not one.read]
        self._counters = {one.name: self._counter(one) for one in made if one.kind == "counter"}
        self._clocks = {one.name: self._histogram(one) for one in made if one.kind == "histogram"}

    def exposition(self) -> bytes:
        """Write everything down in Prometheus's text format."""
        return generate_latest(self.registry)

    def joined(self, account: str) -> None:
        """Begin an account's counters at zero: what first shows up at one has not grown, in Prometheus's eyes."""
        for kind in get_args(IncidentKind):
            self._count("incidents_total", account, kind, by=0)
        for state in DONE:
            self._count("orders_total", account, state.value, by=0)
        self._count("journal_failures_total", account, by=0)

    def stepped(self, account: str, step: Step) -> None:
        """Count what a step came to."""
        self._took("decision_seconds", step.deciding_seconds, account)
        self._took("step_seconds", step.seconds, account)
        for one in step.decision.explanations:
            self._count("decisions_total", account, one.hedge, one.answer)
        for refused in step.decision.refused:
            for gate in refused.gates:
                self._count("refusals_total", account, refused.hedge, gate)
        for fill in step.fills:
            self._count("fills_total", account, fill.symbol)
            self._count(
                "fill_contracts_total", account, fill.symbol, str(fill.side), by=float(fill.contracts)
            )

    def venue_called(self, account: str, call: Call) -> None:
        """Count a question to the venue."""
        outcome = "ok" if call.error is None else _word(call.error)
        self._count("venue_requests_total", account, call.name, outcome)
        self._took("venue_request_seconds", call.seconds, account, call.name)

    def journal_called(self, account: str, call: Call) -> None:
        """Count what was written down, and what it says."""
        if call.error is not None:
            self._count("journal_failures_total", account)
            return
        if call.name in WRITES:
            self._took("journal_write_seconds", call.seconds, account, call.name)
        if call.name == "order_moved":
            report: OrderReport = call.arguments[0]
            if report.state in DONE:
                self._count("orders_total", account, str(report.state))
        for incident in _incidents(call.result):
            self._count("incidents_total", account, incident.kind)

    def _counter(self, one: Family) -> Counter:
        name = PREFIX + one.name.removesuffix("_total")
        return Counter(name, one.help, ("mode", *one.labels), registry=self.registry)

    def _histogram(self, one: Family) -> Histogram:
        labels = ("mode", *one.labels)
        return Histogram(PREFIX + one.name, one.help, labels, registry=self.registry, buckets=one.buckets)

    def _count(self, name: str, *labels: str, by: float = 1) -> None:
        self._counters[name].labels(self._mode, *labels).inc(by)

    def _took(self, name: str, seconds: float, *labels: str) -> None:
        self._clocks[name].labels(self._mode, *labels).observe(seconds)


def _incidents(result: object) -> tuple[Incident, ...]:
    """Take the incidents out of what the journal answered: those that were new."""
    found = result.incidents if isinstance(result, Heard) else result
    return tuple(one for one in found if isinstance(one, Incident)) if isinstance(found, tuple) else ()


def _word(error: Exception) -> str:
    """Name an error by its remedy, in a metric's manner: ``UnreachableError`` is ``unreachable``."""
    name = type(error).__name__.removesuffix("Error")
    return "".join(f"_{one.lower()}" if one.isupper() else one for one in name).lstrip("_")


class _Read(Collector):
    """Reads at a scrape what others know: what is no longer there is no longer told."""

    def __init__(self, mode: str, version: str, read: Callable[[], Iterable[Sample]]) -> None:
        self._mode = mode
        self._version = version
        self._read = read

    def collect(self) -> Iterable[Metric]:
        """Give everything that is read, with its samples."""
        info = InfoMetricFamily(PREFIX + "build", "What is running, and in which mode.")
        info.add_metric((), {"version": self._version, "mode": self._mode})
        yield info
        families = {
            one.name: (CounterMetricFamily if one.kind == "counter" else GaugeMetricFamily)(
                PREFIX + one.name, one.help, labels=("mode", *one.labels)
            )
            for one in FAMILIES
            if one.read
        }
        for name, labels, value in self._read():
            families[name].add_metric((self._mode, *labels), value)
        yield from families.values()

    def describe(self) -> Iterable[Metric]:
        """Tell nothing beforehand: names are unique by the table."""
        return ()
