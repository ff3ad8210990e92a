"""Kubernetes' files, checked against the schemas of several versions; no server has seen them."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.panels import DEPLOY

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
    asked = {one["value"].rpartition("/")[2] for one in container["env"]}
    assert asked == set(read("secret.example.yaml")["stringData"])
