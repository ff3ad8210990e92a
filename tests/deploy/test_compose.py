"""The composition: its secrets stay on the machine, and reach those who need them."""

import re
import subprocess
from pathlib import Path

import yaml

from tests.deploy.panels import DEPLOY

ROOT = DEPLOY.parent
SECRETS = DEPLOY / "secrets"


def test_no_secret_is_ever_committed() -> None:
    told = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    files = [DEPLOY / Path(one["file"]) for one in told["secrets"].values()]

    assert {one.parent for one in files} == {SECRETS}
    for file in [*files, SECRETS / "main_api_key"]:
        asked = ["git", "-C", str(ROOT), "check-ignore", "--quiet", "--no-index", str(file)]
        assert subprocess.run(asked, check=False).returncode == 0, file.name


def test_secrets_are_made_where_only_their_readers_find_them() -> None:
    """Compose shows a file with the owner and mode it has outside, so that both are part of the steps."""
    image, steps = (DEPLOY / "Dockerfile").read_text("utf-8"), (DEPLOY / "README.md").read_text("utf-8")
    (user,) = re.findall(r"^USER (\d+):\d+$", image, re.MULTILINE)

    for text in (steps, (DEPLOY / "compose.yaml").read_text("utf-8")):
        assert "mkdir -p -m 700 deploy/secrets" in text
        assert "chmod 444 deploy/secrets/web_token deploy/secrets/grafana_password" in text
    assert f"install -o {user} -g {user} -m 0400 /dev/stdin deploy/secrets/" in steps
    checked = (DEPLOY / "check.sh").read_text("utf-8")
    assert "mkdir -p -m 700 secrets" in checked
    assert 'chmod 444 "secrets/$secret"' in checked
