"""Alerting rules: every alert is made to fire and to be quiet, by Prometheus's own tool; every one says what to do."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.prometheus import promtool
from tests.real import program

RULES = Path(__file__).parents[2] / "deploy/prometheus/hedgerow.rules.yml"
M = 'mode="live"'
A = f'{M},account="main"'
H = f'{A},hedge="btc"'
BOT = 'job="hedgerow",instance="bot"'

CASES = """
    # alert                       | series, a minute each                                              | quiet | fires
    HedgerowDown                  | up{BOT} 1x9 0x20                                                   | 11    | 13
    # 45 s there, 30 s not: a start every 75 s; and one that lives so short that most scrapes miss it
    HedgerowRestarting            | up{BOT} 1x60
                                    hedgerow_start_timestamp_seconds{BOT,mode="live"} 100x9 _ 160 235 _ 310 385 460x20 | 12 | 15
    HedgerowRestarting            | up{BOT} 1x20 0x3 1 0x5 1 0x10                                      | 24    | 36
    HedgerowNotScraped            | up{BOT} 1x9 _x20                                                   | 18    | 22
    HedgerowNobodyLeads           | hedgerow_standby{BOT,mode="live"} 0x9 1x20
                                    hedgerow_loop_trouble{BOT,A} 0x9 stale _x20                        | 14    | 16
    HedgerowNobodyLeads           | hedgerow_standby{BOT,mode="live"} 0x20                             | 4     | 6
    HedgerowLoopSilent            | hedgerow_clock_timestamp_seconds{BOT,mode="live"} 1000+60x40
                                    hedgerow_loop_silence_seconds_max{BOT,mode="live"} 300x40
                                    hedgerow_loop_success_timestamp_seconds{BOT,A} 1000+60x9 1540x30   | 14    | 18
    HedgerowNeverLooked           | hedgerow_loop_trouble{BOT,A} 1x20                                  | 4     | 6
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
    HedgerowForeignOrder          | hedgerow_clock_timestamp_seconds{BOT,mode="live"} 6000+60x40
                                    hedgerow_incident_timestamp_seconds{BOT,A,kind="foreign_order"} 1000x9 6600x30 | 9 | 11
    # found at a start: the first sample tells it
    HedgerowForeignOrder          | hedgerow_clock_timestamp_seconds{BOT,mode="live"} 6000+60x40
                                    hedgerow_incident_timestamp_seconds{BOT,A,kind="stray_order"} _x9 6600x30 | 8 | 10
    HedgerowPositionMoved         | hedgerow_clock_timestamp_seconds{BOT,mode="live"} 6000+60x40
                                    hedgerow_incident_timestamp_seconds{BOT,A,kind="position_moved"} _x9 6600x30
                                    hedgerow_foreign_positions{BOT,A} 0x40                             | 8     | 10
    HedgerowPositionMoved         | hedgerow_foreign_positions{BOT,A} 0x9 1x20                         | 9     | 11
    HedgerowRollLate              | hedgerow_roll_late{BOT,H} 0x9 1x20                                 | 9     | 10
    HedgerowRollDue               | hedgerow_clock_timestamp_seconds{BOT,mode="live"} 1000+60x40
                                    hedgerow_roll_expiry_timestamp_seconds{BOT,H} 87990x40
                                    hedgerow_roll_left_contracts{BOT,H} -5x40                          | 9     | 12
    HedgerowEffectivenessFalling  | hedgerow_hedge_ratio_target{BOT,H} 1x200
                                    hedgerow_hedge_effectiveness_ratio{BOT,H,window="7d"} 0.99x9 0.7x200 | 69  | 71
    # a cross hedge that falls behind its own month
    HedgerowEffectivenessFalling  | hedgerow_hedge_ratio_target{BOT,H} 1x200
                                    hedgerow_hedge_cross{BOT,H} 1x200
                                    hedgerow_hedge_effectiveness_ratio{BOT,H,window="30d"} 0.44x200
                                    hedgerow_hedge_effectiveness_ratio{BOT,H,window="7d"} 0.42x9 0.2x200 | 69  | 71
    # the run that was refused is not scraped; of those after it, one scrape in a quarter of an hour is enough
    HedgerowKeyFailing            | hedgerow_clock_timestamp_seconds{BOT,M} 6000+60x9 stale _x2 6780 stale _x20
                                    hedgerow_run_end_timestamp_seconds{BOT,M,reason="key_refused"} 1000x9 stale _x2 6700 stale _x20 | 12 | 20
    HedgerowNoticesFailing        | hedgerow_notices_total{BOT,mode="live",channel="slack",outcome="failed"} 0x29 1x20 | 29 | 31
    HedgerowNoticesFailing        | hedgerow_notices_total{BOT,mode="live",channel="slack",outcome="dropped"} 0x29 1x20 | 29 | 31
    # failed before the first scrape
    HedgerowNoticesFailing        | hedgerow_notices_total{BOT,mode="live",channel="slack",outcome="failed"} _x9 1x60
                                    hedgerow_clock_timestamp_seconds{BOT,mode="live"} _x9 6000+60x60
                                    hedgerow_start_timestamp_seconds{BOT,mode="live"} _x9 5990x60     | 8     | 10
    HedgerowAlertsUndelivered     | alertmanager_notifications_failed_total{job="alertmanager",integration="webhook"} 0x9 3x20 | 9 | 11
    HedgerowJournalFailing        | hedgerow_journal_failures_total{BOT,A} 0x9 1x20                    | 9     | 11
    HedgerowApiBudgetShort        | hedgerow_api_weight_used{BOT,A} 500x9 950x20
                                    hedgerow_api_weight_budget{BOT,A} 1000x40                          | 14    | 16
"""

NEVER = """
    # a hedge of one half that takes away three quarters is as it should be
    HedgerowEffectivenessFalling | hedgerow_hedge_ratio_target{BOT,H} 0.5x200
                                   hedgerow_hedge_effectiveness_ratio{BOT,H,window="7d"} 0.74x200
    # a cross hedge takes away what the correlation lets it, for ever; and in its first month nothing is promised
    HedgerowEffectivenessFalling | hedgerow_hedge_ratio_target{BOT,H} 1x200
                                   hedgerow_hedge_cross{BOT,H} 1x200
                                   hedgerow_hedge_effectiveness_ratio{BOT,H,window="30d"} 0.5x200
                                   hedgerow_hedge_effectiveness_ratio{BOT,H,window="7d"} 0.44x200
    HedgerowEffectivenessFalling | hedgerow_hedge_ratio_target{BOT,H} 1x200
                                   hedgerow_hedge_cross{BOT,H} 1x200
                                   hedgerow_hedge_effectiveness_ratio{BOT,H,window="7d"} 0.44x200
    # a leader and its standby
    HedgerowNobodyLeads          | hedgerow_standby{BOT,mode="live"} 0x200
                                   hedgerow_standby{job="hedgerow",instance="other",mode="live"} 1x200
                                   hedgerow_loop_trouble{BOT,A} 0x200
    # before the first look there is no time of one
    HedgerowLoopSilent           | hedgerow_clock_timestamp_seconds{BOT,mode="live"} 1790000000+60x200
                                   hedgerow_loop_silence_seconds_max{BOT,mode="live"} 180x200
                                   hedgerow_loop_trouble{BOT,A} 0x200
    HedgerowNeverLooked          | hedgerow_loop_trouble{BOT,A} 1x200
                                   hedgerow_loop_success_timestamp_seconds{BOT,A} 1000x200
    # an upgrade: stopped and started twice
    HedgerowRestarting           | up{BOT} 1x200
                                   hedgerow_start_timestamp_seconds{BOT,mode="live"} 100x3 250 300x200
    # an incident, and an end, of another day
    HedgerowForeignOrder         | hedgerow_clock_timestamp_seconds{BOT,mode="live"} 90000+60x200
                                   hedgerow_incident_timestamp_seconds{BOT,A,kind="foreign_fill"} 1000x200
    HedgerowPositionMoved        | hedgerow_clock_timestamp_seconds{BOT,mode="live"} 90000+60x200
                                   hedgerow_incident_timestamp_seconds{BOT,A,kind="position_moved"} 1000x200
    HedgerowKeyFailing           | hedgerow_clock_timestamp_seconds{BOT,mode="live"} 90000+60x200
                                   hedgerow_run_end_timestamp_seconds{BOT,mode="live",reason="key_refused"} 1000x200
    HedgerowKeyFailing           | hedgerow_clock_timestamp_seconds{BOT,mode="live"} 6000+60x200
                                   hedgerow_run_end_timestamp_seconds{BOT,mode="live",reason="venue_lost"} 6000x200
    HedgerowNoticesFailing       | hedgerow_notices_total{BOT,mode="live",channel="slack",outcome="failed"} 4x200
                                   hedgerow_notices_total{BOT,mode="live",channel="slack",outcome="sent"} 1+1x200
                                   hedgerow_clock_timestamp_seconds{BOT,mode="live"} 90000+60x200
                                   hedgerow_start_timestamp_seconds{BOT,mode="live"} 100x200
    HedgerowAlertsUndelivered    | alertmanager_notifications_failed_total{job="alertmanager",integration="webhook"} 7x200
    HedgerowNotScraped           | up{BOT} 0x200
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
            {"BOT": BOT, "M": M, "A": A, "H": H}.get(one, one) for one in labels.rstrip("}").split(",")
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
        ("severity=critical mode=live alertname=HedgerowKeyFailing", "people"),
        ("severity=critical alertname=HedgerowNotScraped", "people"),
        ("severity=none alertname=HedgerowWatchdog", "dead_man"),
    ],
)
def test_alerts_reach_whom_they_should(labels: str, receiver: str) -> None:

    amtool = program("amtool", "prometheus-alertmanager")
    config = RULES.parents[1] / "alertmanager/alertmanager.yml"
    asked = [amtool, "config", "routes", "test", f"--config.file={config}", *labels.split()]
    told = subprocess.run(asked, capture_output=True, text=True, check=True)

    assert told.stdout.strip() == receiver


def test_a_receiver_that_is_an_example_says_so_loudly() -> None:
    told = (RULES.parents[1] / "alertmanager/alertmanager.yml").read_text("utf-8")

    assert (
        'UNTIL YOU SET THE RECEIVER "people" BELOW, NO ALERT REACHES ANYBODY' in told.partition("route:")[0]
    )
    assert "!!! SET THIS ONE" in told.partition("- name: people")[0].partition("receivers:")[2]


def test_why_the_bot_is_down_is_told_while_it_is_down() -> None:
    told = yaml.safe_load((RULES.parents[1] / "alertmanager/alertmanager.yml").read_text("utf-8"))
    (down,) = [one for one in told["inhibit_rules"] if "HedgerowDown" in one["source_matchers"][0]]

    kept = down["target_matchers"][1]
    assert all(one in kept for one in ("HedgerowWatchdog", "HedgerowKeyFailing", "HedgerowAlertsUndelivered"))
