"""The tables of the settings of the guard: limits on an order, and the ladder. Each freezes into core's rules.

The first line of a table's docstring and the description of a field are shown to users.
"""

from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from bot.core.memory import Rung
from bot.core.rules import GuardRules, RiskRules, RungRules
from bot.core.values import Money, Notional, Ratio
from bot.settings_kinds import AssetCode, Count, Size, Table
from bot.settings_layers import broken, rule


class Shock(Table):
    """The adverse move of one coin's price."""

    asset: AssetCode = Field(description="Coin, such as SOL.")
    share: Decimal = Field(ge=0, le=10, description="Share of the price.")


class Risk(Table):
    """What the guard lets pass; an order that adds is judged on the account as it would be after it."""

    quote_age_seconds_max: Decimal = Field(
        Decimal(90),
        gt=0,
        le=3600,
        description="Oldest quote to trade on, in seconds; the model quotes each minute.",
    )
    balance_age_seconds_max: Decimal = Field(
        Decimal(90), gt=0, le=3600, description="Oldest reading of the account to add on, in seconds."
    )
    clock_skew_seconds_max: Decimal = Field(
        Decimal(5), gt=0, le=3600, description="Seconds a quote may be ahead of this machine's clock."
    )
    order_notional_max: Size = Field(Decimal(250_000), description="Largest order, in quote currency.")
    orders_per_minute_max: Count = Field(
        60, ge=1, le=10_000, description="Most orders a minute that add exposure."
    )
    position_notional_max: Size = Field(
        Decimal(1_000_000), description="Largest position, in quote currency."
    )
    open_interest_share_max: Decimal = Field(
        Decimal("0.05"), gt=0, le=1, description="Largest share of a contract's open interest."
    )
    leverage_max: Decimal = Field(
        Decimal(2), gt=0, le=20, description="Highest leverage of a linear account: positions over equity."
    )
    leverage_inverse_max: Decimal = Field(
        Decimal(3), gt=0, le=20, description="The same for an account margined in coins: one turn safer."
    )
    shock: Decimal = Field(
        Decimal("0.3"),
        ge=0,
        le=10,
        description="Adverse move of all prices that the account must stand after an order that adds.",
    )
    shocks: tuple[Shock, ...] = Field(
        (), description="The same for single coins: a list of tables with asset and share."
    )
    price_collar: Decimal = Field(
        Decimal("0.05"),
        gt=0,
        le=1,
        description="How far on the wrong side of mark and index a price may be, as a share.",
    )
    basis_max: Decimal = Field(
        Decimal("0.1"), gt=0, le=1, description="How far mark and index may be apart to add, as a share."
    )
    depeg_max: Decimal = Field(
        Decimal("0.02"), gt=0, le=1, description="How far the settlement coin may be from a dollar to add."
    )
    tiers_age_hours_max: Decimal = Field(
        Decimal(48), gt=0, le=8760, description="Oldest table of margin tiers to add on, in hours."
    )
    unknown_seconds_max: Decimal = Field(
        Decimal(3600),
        gt=0,
        le=604_800,
        description="Seconds an order's fate may be open before nothing is added and a person is called.",
    )

    def rules(self) -> RiskRules:
        """Freeze them for the study."""
        return RiskRules(
            quote_age_seconds_max=self.quote_age_seconds_max,
            balance_age_seconds_max=self.balance_age_seconds_max,
            clock_skew_seconds_max=self.clock_skew_seconds_max,
            order_notional_max=Notional(self.order_notional_max),
            orders_per_minute_max=self.orders_per_minute_max,
            position_notional_max=Notional(self.position_notional_max),
            open_interest_share_max=Ratio(self.open_interest_share_max),
            leverage_max=self.leverage_max,
            leverage_inverse_max=self.leverage_inverse_max,
            shock=Ratio(self.shock),
            shocks=tuple((one.asset, Ratio(one.share)) for one in self.shocks),
            price_collar=Ratio(self.price_collar),
            basis_max=Ratio(self.basis_max),
            depeg_max=Ratio(self.depeg_max),
            tiers_age_hours_max=self.tiers_age_hours_max,
            unknown_seconds_max=self.unknown_seconds_max,
        )


def _distance(default: str) -> Any:  # noqa: ANN401 - as pydantic's Field
    return Field(
        Decimal(default), ge=0, le=10, description="Price move to liquidation, as a share, below which it is."
    )


def _sigmas(default: int) -> Any:  # noqa: ANN401 - as pydantic's Field
    about = "The same in standard deviations of a day; the stricter rules, 0 leaves it out."
    return Field(Decimal(default), ge=0, le=100, description=about)


def _ratio(default: str) -> Any:  # noqa: ANN401 - as pydantic's Field
    about = "Maintenance over equity from which it is, too; 1 is liquidation."
    return Field(Decimal(default), gt=0, le=1, description=about)


class LadderRung(Table):
    """When a rung of the margin ladder is reached: the strictest of the three rules."""

    distance: Decimal
    sigmas: Decimal
    margin_ratio: Decimal

    def rules(self, rung: Rung) -> RungRules:
        """Freeze it for the study."""
        return RungRules(
            rung=rung,
            distance=Ratio(self.distance),
            sigmas=self.sigmas,
            margin_ratio=Ratio(self.margin_ratio),
        )


class Warn(LadderRung):
    """A person is called."""

    distance: Decimal = _distance("0.30")
    sigmas: Decimal = _sigmas(10)
    margin_ratio: Decimal = _ratio("0.50")


class TopUpRung(LadderRung):
    """Collateral is moved in, where it may be; a reduction ends when this rung is left."""

    distance: Decimal = _distance("0.25")
    sigmas: Decimal = _sigmas(8)
    margin_ratio: Decimal = _ratio("0.50")


class Stop(LadderRung):
    """Nothing is added, and no order that adds may lead here."""

    distance: Decimal = _distance("0.20")
    sigmas: Decimal = _sigmas(6)
    margin_ratio: Decimal = _ratio("0.65")


class Cancel(LadderRung):
    """Orders that would add are taken back."""

    distance: Decimal = _distance("0.12")
    sigmas: Decimal = _sigmas(4)
    margin_ratio: Decimal = _ratio("0.80")


class Reduce(LadderRung):
    """Positions are made smaller, and coins become unhedged."""

    distance: Decimal = _distance("0.12")
    sigmas: Decimal = _sigmas(4)
    margin_ratio: Decimal = _ratio("0.80")


class Halt(LadderRung):
    """No policy trades until a person has released it."""

    distance: Decimal = _distance("0.03")
    sigmas: Decimal = _sigmas(1)
    margin_ratio: Decimal = _ratio("0.95")


class Guard(Table):
    """What the guard does when margin thins, rung by rung (distances: hours matter more than ratios)."""

    warn: Warn = Field(Warn(), description="A person is called.")
    top_up: TopUpRung = Field(TopUpRung(), description="Collateral is moved in, where it may be.")
    stop: Stop = Field(Stop(), description="Nothing is added, and no order that adds may lead here.")
    cancel: Cancel = Field(Cancel(), description="Orders that would add are taken back.")
    reduce: Reduce = Field(Reduce(), description="Positions are made smaller, and coins become unhedged.")
    halt: Halt = Field(Halt(), description="No policy trades until a person has released it.")
    stay_seconds: Decimal = Field(
        Decimal(3600),
        ge=0,
        le=2_592_000,
        description="Seconds nothing is added after margin was thin: keeps guard and policy apart.",
    )
    top_ups: bool = Field(
        default=False,
        description="Whether collateral may be moved from the venue's spot wallet by itself.",
    )
    top_up_distance: Decimal = Field(
        Decimal("0.40"), gt=0, le=10, description="Price move to liquidation that a top-up restores."
    )
    top_up_day_max: Size = Field(
        Decimal(10**12), description="Most that may be moved in 24 hours, in settlement currency."
    )
    divergence_max: Decimal = Field(
        Decimal("0.05"),
        gt=0,
        le=1,
        description="How much less the venue's word may leave than our forecast, as a share of equity.",
    )
    adl_rank_warn: Annotated[Count, Field(ge=1, le=5)] = Field(
        5, description="Place in the deleveraging queue from which a person is called; 5 goes first."
    )
    after_shift: Literal["rehedge", "call"] = Field(
        "rehedge",
        description="After a position moved without an order of ours: hedge again, or halt and call.",
    )
    kill_switch: str = Field(
        ".hedgerow/{mode}.stop",
        min_length=1,
        description="While this file exists every account is frozen; {mode} is replaced.",
    )

    @field_validator("top_up_distance")
    @classmethod
    def _beyond_the_rung(cls, distance: Decimal, info: ValidationInfo) -> Decimal:
        rung = info.data.get("top_up")
        if rung is not None and distance <= rung.distance:
            sentence = f"{distance} does not restore more than the rung's distance {rung.distance}."
            raise broken([rule(sentence, f"Set it above {rung.distance}.")])
        return distance

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        """Keep the rungs in their order: each is nearer to liquidation than the one before."""
        faults = []
        for (name, outer), (inner_name, inner) in pairwise(self._rungs()):
            for what, wrong in (
                ("distance", inner.distance > outer.distance),
                ("sigmas", inner.sigmas > outer.sigmas),
                ("margin_ratio", inner.margin_ratio < outer.margin_ratio),
            ):
                if wrong:
                    figure, limit = getattr(inner, what), getattr(outer, what)
                    word = "least" if what == "margin_ratio" else "most"
                    sentence = f"{what} {figure} is further from liquidation than {name}'s {limit}."
                    faults.append(rule(sentence, f"Set it to at {word} {limit}.", (inner_name, what)))
        if faults:
            raise broken(faults)
        return self

    def _rungs(self) -> tuple[tuple[str, LadderRung], ...]:
        names = [rung.name.lower() for rung in Rung if rung is not Rung.CLEAR]
        return tuple((name, getattr(self, name)) for name in names)

    def rules(self) -> GuardRules:
        """Freeze them for the study."""
        return GuardRules(
            rungs=tuple(one.rules(Rung[name.upper()]) for name, one in self._rungs()),
            stay_seconds=self.stay_seconds,
            divergence_max=Ratio(self.divergence_max),
            adl_rank_warn=self.adl_rank_warn,
            top_up=self.top_ups,
            top_up_distance=Ratio(self.top_up_distance),
            top_up_day_max=Money(self.top_up_day_max),
            after_shift=self.after_shift,
        )
