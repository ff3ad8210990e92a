"""Alerting rules: every alert is made to fire and to be quiet, by Prometheus's own tool; every one says what to do."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.prometheus import promtool
from tests.real import program

RULES = Path(__file__).parents[2] / "deploy/prometheus/hedgerow.rules.yml"
A = 'mode="live",account="main"'
H = f'{A},hedge="btc"'
BOT = 'job="hedgerow",instance="bot"'

CASES = """
    # alert                       | series, a minute each                                              | quiet | fires
    HedgerowDown                  | up{BOT} 1x9 0x20                                                   | 11    | 13
    HedgerowLoopSilent            | hedgerow_clock_timestamp_seconds{BOT,mode="live"} 1000+60x40
                                    hedgerow_loop_silence_seconds_max{BOT,mode="live"} 300x40
                                    hedgerow_loop_success_timestamp_seconds{BOT,A} 1000+60x9 1540x30   | 14    | 18
    HedgerowDataStale             | hedgerow_letters_missing{BOT,A} 0x9 2x20
                                    hedgerow_loop_trouble{BOT,A} 0x40                                  | 14    | 16
    HedgerowDataStale             | hedgerow_letters_missing{BOT,A} 0x40
                                    hedgerow_loop_trouble{BOT,A} 0x9 1x20                              | 14    | 16
    HedgerowHedgeOffTarget        | hedgerow_hedge_gap_coins{BOT,H} 0x9 -0.03x60
                                    hedgerow_hedge_band_coins{BOT,H} 0.02x80                           | 39    | 42
    HedgerowHedgeOffTarget        | hedgerow_hedge_gap_coins{BOT,H} 0x9 0.03x60
                                    hedgerow_hedge_band_coins{BOT,H} 0.02x80                           | 39    | 42
    HedgerowHedgeFarOffTarget     | hedgerow_hedge_gap_coins{BOT,H} -0.03x9 -0.2x60
                                    hedgerow_hedge_band_coins{BOT,H} 0.02x80                           | 24    | 27
    HedgerowMarginThin            | hedgerow_guard_rung{BOT,A} 0x9 1x20                                | 10    | 12
    HedgerowMarginStop            | hedgerow_guard_rung{BOT,A} 2x9 3x20                                | 9     | 10
    HedgerowHalted                | hedgerow_hedge_guard_state{BOT,H,state="halted"} 0x9 1x20          | 9     | 10
    HedgerowNaked                 | hedgerow_hedge_naked_coins{BOT,H} 0x9 0.1x40
                                    hedgerow_roll_naked_coins{BOT,H} 0x60                              | 24    | 26
    HedgerowNaked                 | hedgerow_hedge_naked_coins{BOT,H} 0x60
                                    hedgerow_roll_naked_coins{BOT,H} 0x9 0.1x40                        | 24    | 26
    HedgerowOrderUnknown          | hedgerow_hedge_orders_unknown{BOT,H} 0x9 1x20                      | 11    | 13
    HedgerowOrdersRejected        | hedgerow_orders_total{BOT,A,state="rejected"} 0x9 3x4 8x20         | 13    | 16
    HedgerowForeignOrder          | hedgerow_incidents_total{BOT,A,kind="foreign_order"} 0x9 1x20      | 9     | 11
    HedgerowForeignOrder          | hedgerow_incidents_total{BOT,A,kind="stray_order"} 0x9 1x20        | 9     | 11
    HedgerowPositionMoved         | hedgerow_incidents_total{BOT,A,kind="position_moved"} 0x9 1x20
                                    hedgerow_foreign_positions{BOT,A} 0x40                             | 9     | 11
    HedgerowPositionMoved         | hedgerow_incidents_total{BOT,A,kind="position_moved"} 0x40
                                    hedgerow_foreign_positions{BOT,A} 0x9 1x20                         | 9     | 11
    HedgerowRollLate              | hedgerow_roll_late{BOT,H} 0x9 1x20                                 | 9     | 10
    HedgerowRollDue               | hedgerow_clock_timestamp_seconds{BOT,mode="live"} 1000+60x40
                                    hedgerow_roll_expiry_timestamp_seconds{BOT,H} 87990x40
                                    hedgerow_roll_left_contracts{BOT,H} -5x40                          | 9     | 12
    HedgerowEffectivenessFalling  | hedgerow_hedge_ratio_target{BOT,H} 1x200
                                    hedgerow_hedge_effectiveness_ratio{BOT,H,window="7d"} 0.99x9 0.7x200 | 69  | 71
    HedgerowKeyFailing            | hedgerow_venue_requests_total{BOT,A,question="account",outcome="auth_failed"} 0x9 1x20 | 9 | 10
    HedgerowJournalFailing        | hedgerow_journal_failures_total{BOT,A} 0x9 1x20                    | 9     | 11
    HedgerowApiBudgetShort        | hedgerow_api_weight_used{BOT,A} 500x9 950x20
                                    hedgerow_api_weight_budget{BOT,A} 1000x40                          | 14    | 16
"""

NEVER = """
    # a hedge of one half that takes away three quarters is as it should be
    HedgerowEffectivenessFalling | hedgerow_hedge_ratio_target{BOT,H} 0.5x200
                                   hedgerow_hedge_effectiveness_ratio{BOT,H,window="7d"} 0.74x200
    # nothing is left to roll
    HedgerowRollDue              | hedgerow_clock_timestamp_seconds{BOT,mode="live"} 1000+60x40
                                   hedgerow_roll_expiry_timestamp_seconds{BOT,H} 5000x40
                                   hedgerow_roll_left_contracts{BOT,H} 0x40
    # no band, no judgement
    HedgerowHedgeOffTarget       | hedgerow_hedge_gap_coins{BOT,H} -0.03x200
                                   hedgerow_hedge_band_coins{BOT,H} 0x200
"""


def rows(table: str) -> list[list[str]]:
    """Read a table whose cells may go on in the next line."""
    found: list[list[str]] = []
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if line.lstrip().startswith("#") or not line.strip():
            continue
        if cells[0].startswith("Hedgerow"):
            found.append(cells)
        else:
            found[-1][1] += "\n" + cells[0]
            found[-1] += cells[1:]
    return found


def series(text: str) -> list[dict[str, str]]:
    told = []
    for line in text.split("\n"):
        name, _, values = line.partition("} ")
        head, _, labels = f"{name}}}".partition("{")
        spelled = ",".join(
            {"BOT": BOT, "A": A, "H": H}.get(one, one) for one in labels.rstrip("}").split(",")
        )
        told.append({"series": f"{head}{{{spelled}}}", "values": values})
    return told


def case(alert: str, told: str, moments: dict[int, int]) -> dict[str, Any]:
    asked = f'count(ALERTS{{alertname="{alert}", alertstate="firing"}}) or vector(0)'
    return {
        "interval": "1m",
        "input_series": series(told),
        "promql_expr_test": [
            {"expr": asked, "eval_time": f"{at}m", "exp_samples": [{"labels": "{}", "value": value}]}
            for at, value in moments.items()
        ],
    }


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def test_every_alert_fires_and_is_quiet_when_it_should(tmp_path: Path) -> None:
    tests = [case(alert, told, {int(quiet): 0, int(fires): 1}) for alert, told, quiet, fires in rows(CASES)]
    tests += [case(alert, told, dict.fromkeys((5, 60, 190), 0)) for alert, told in rows(NEVER)]
    tests.append(case("HedgerowWatchdog", "up{BOT} 1x5", {2: 1}))
    asked = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}
    (tmp_path / "test.yml").write_text(yaml.safe_dump(asked))

    assert promtool("test", "rules", str(tmp_path / "test.yml")) == (0, "")


def test_no_alert_is_left_out() -> None:
    assert {row[0] for row in rows(CASES)} | {"HedgerowWatchdog"} == {rule["alert"] for rule in alerts()}


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_every_alert_says_what_happened_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"none", "warning", "critical"}
    assert set(rule["annotations"]) == {"summary", "runbook"}
    assert all(text.endswith((".", "!")) for text in rule["annotations"].values())


def test_the_files_pass_their_own_tools() -> None:

    assert promtool("check", "rules", "--lint=all", "--lint-fatal", str(RULES)) == (0, "")
    alertmanager = Path(RULES).parents[1] / "alertmanager/alertmanager.yml"
    amtool = program("amtool", "prometheus-alertmanager")
    checked = subprocess.run([amtool, "check-config", str(alertmanager)], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ("severity=critical mode=live alertname=HedgerowHalted", "people"),
        ("severity=warning mode=live alertname=HedgerowNaked", "people"),
        ("severity=critical mode=demo alertname=HedgerowHalted", "nobody"),
        ("severity=critical alertname=HedgerowDown", "people"),
        ("severity=none alertname=HedgerowWatchdog", "dead_man"),
    ],
)
def test_alerts_reach_whom_they_should(labels: str, receiver: str) -> None:

    amtool = program("amtool", "prometheus-alertmanager")
    config = RULES.parents[1] / "alertmanager/alertmanager.yml"
    asked = [amtool, "config", "routes", "test", f"--config.file={config}", *labels.split()]
    told = subprocess.run(asked, capture_output=True, text=True, check=True)

    assert told.stdout.strip() == receiver
