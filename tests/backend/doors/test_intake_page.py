"""The page about the intake: its commands report a job from its start to its end."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from tests.support.readers.reporting import reporting_house
from tests.support.readers.served_intake import served_intake

PAGE = Path(__file__).resolve().parents[3] / "docs" / "intake.md"


def test_the_commands_of_the_page_report_a_job(tmp_path: Path) -> None:
    """By a key for its client, in the order of the page; each event is taken."""
    commands = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    folder = tmp_path / ".run-ledger"
    folder.mkdir()
    with reporting_house() as house, served_intake(house) as url:
        stack = {"intake_url": url, "report_key": house.key("acme")}
        (folder / "stack.json").write_text(json.dumps(stack))
        done = subprocess.run(
            ["bash", "-euc", "".join(f"{one}\necho\n" for one in commands)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        details = [json.loads(entry["Detail"]) for entry in house.bus.entries]

    results = [one for line in done.stdout.split() for one in json.loads(line)["results"]]
    assert [one["status"] for one in results] == ["accepted"] * 3
    assert [one["event_id"] for one in details] == ["1", "2", "3"]
    assert {one["job_id"] for one in details} == {"over-https"}
    assert (details[0]["status"], details[-1]["result"]) == ("running", "succeeded")
