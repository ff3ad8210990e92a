"""Kubernetes' files, checked against the schemas of several versions; no server has seen them."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import load
from tests.deploy.panels import DEPLOY
from tests.prometheus import promtool

FOLDER = DEPLOY / "kubernetes"
FILES = sorted(file for file in FOLDER.glob("*.yaml") if file.name != "kustomization.yaml")
VERSIONS = ("1.28.0", "1.30.0", "1.32.0", "1.34.0")


def read(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((FOLDER / name).read_text("utf-8")))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_file_is_as_that_version_wants_it(version: str) -> None:
    checker = Path(sys.executable).with_name("kubernetes-validate")
    told = subprocess.run(
        [str(checker), "--strict", "-k", version, *map(str, FILES)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (told.returncode, "WARN" in told.stdout + told.stderr) == (0, False), told.stdout + told.stderr


def test_the_kustomization_names_every_file_but_the_secret() -> None:
    kustomization = read("kustomization.yaml")

    assert sorted(kustomization["resources"]) == sorted(
        {file.name for file in FILES} - {"secret.example.yaml"}
    )
    (settings,) = kustomization["configMapGenerator"]
    assert all((FOLDER / name).exists() for name in settings["files"])


def test_pods_are_what_the_restricted_standard_asks_for() -> None:
    pod = read("deployment.yaml")["spec"]["template"]["spec"]
    (container,) = pod["containers"]

    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not pod["automountServiceAccountToken"]


def test_labels_and_ports_meet() -> None:
    deployment, service = read("deployment.yaml"), read("service.yaml")
    mine = {"app.kubernetes.io/name": "hedgerow"}

    assert deployment["spec"]["selector"]["matchLabels"] == mine
    assert deployment["spec"]["template"]["metadata"]["labels"] == mine
    assert service["spec"]["selector"] == mine
    assert read("networkpolicy.yaml")["spec"]["podSelector"]["matchLabels"] == mine
    assert read("poddisruptionbudget.yaml")["spec"]["selector"]["matchLabels"] == mine
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": 8710}]
    asked = {one["value"].rpartition("/")[2] for one in container["env"] if one["name"].endswith("_FILE")}
    assert asked == set(read("secret.example.yaml")["stringData"])


def test_prometheus_comes_with_the_token_and_by_a_name_that_is_answered() -> None:
    """An annotation leads it to a pod that refuses it: without the token, and by an address that is no name of ours."""
    monitor, service = read("monitoring/podmonitor.yaml"), read("service.yaml")
    (end,) = monitor["spec"]["podMetricsEndpoints"]
    (container,) = read("deployment.yaml")["spec"]["template"]["spec"]["containers"]
    pod_ip, hosts = container["env"][-2:]

    assert "annotations" not in service["metadata"]
    assert monitor["spec"]["selector"]["matchLabels"] == service["spec"]["selector"]
    assert end["port"] == container["ports"][0]["name"]
    assert end["authorization"]["credentials"]["name"] == read("secret.example.yaml")["metadata"]["name"]
    assert end["authorization"]["credentials"]["key"] in read("secret.example.yaml")["stringData"]
    assert end["relabelings"][0] | {"action": ""} == {
        "action": "",
        "targetLabel": "job",
        "replacement": "hedgerow",
    }
    assert pod_ip["valueFrom"]["fieldRef"]["fieldPath"] == "status.podIP"
    told = {
        "HEDGEROW_JOURNAL__URL": read("secret.example.yaml")["stringData"]["journal_url"],
        hosts["name"]: hosts["value"].replace("$(POD_IP)", "10.1.2.3"),
    }
    web = load([FOLDER / "hedgerow.toml"], environ=told, dotenv=None).settings.web
    written = tomllib.loads((FOLDER / "hedgerow.toml").read_text("utf-8"))
    assert web.hosts == (*written["web"]["hosts"], "10.1.2.3")


def test_prometheus_takes_the_entry_for_its_scrapes(tmp_path: Path) -> None:
    entry = yaml.safe_load((FOLDER / "monitoring/scrape.yaml").read_text("utf-8"))
    entry[0]["authorization"]["credentials_file"] = str(tmp_path / "token")
    (tmp_path / "token").write_text("token")
    # Debian's build of Prometheus knows no Kubernetes: the rest is for promtool.
    assert entry[0].pop("kubernetes_sd_configs") == [{"role": "pod", "namespaces": {"names": ["hedgerow"]}}]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump({"scrape_configs": entry}))

    assert promtool("check", "config", str(tmp_path / "prometheus.yml")) == (0, "")
    assert entry[0]["job_name"] == "hedgerow", "the rules ask for it"


def test_a_session_goes_back_to_the_pod_that_opened_it() -> None:
    assert read("service.yaml")["spec"]["sessionAffinity"] == "ClientIP"
