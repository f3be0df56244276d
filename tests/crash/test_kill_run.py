"""Kill -9 of ``srch run``, before every single change that it makes to the file system and at random times: nothing
half-written is seen, and ``--resume`` gives the very bytes of a run that nobody killed."""

from __future__ import annotations

import random
import time

QUESTION = "Do street trees lower air temperature?"


def test_kill_before_every_change(tmp_path, kill_points):
    (tmp_path / "base").mkdir()
    resume = ["run", QUESTION, "--out", "runs", "--resume", "-q"]
    tries = kill_points(
        tmp_path / "base",
        kill=["run", QUESTION, "--out", "runs", "-q"],
        after=[["queue", "--runs", "runs", "--all", "--json"], resume, ["check", "runs"]],
    )
    assert len(tries) > 50
    whole = tries[-1]["visible"]
    stages = {name for name in whole if "/stages/" in name}
    assert len(whole) == len(stages) + 4
    for item in tries:
        visible = item["visible"]
        assert visible.items() <= whole.items(), item["number"]
        finished = any(name.endswith("/run.json") for name in visible)
        assert not finished or visible == whole, "the run record comes last"
        queue, resumed, checked = item["after"]
        assert queue["code"] in (0, 2)
        assert queue["out"].count("run_id") == finished
        assert (resumed["code"], checked["code"]) == (0, 0), resumed["err"] + checked["out"]
        assert item["end"] == whole, item["number"]
    begun = {len(stages & set(item["visible"])) for item in tries}
    assert begun == set(range(len(stages) + 1)), "a kill at every boundary of a stage"


def test_kill_at_random_times(tmp_path, srch, files):
    chance = random.Random(20260131)
    srch("run", QUESTION, "--out", "whole", "-q", cwd=tmp_path)
    whole = files(tmp_path / "whole")
    for number in range(6):
        folder = f"runs-{number}"
        process = srch.start("run", QUESTION, "--out", folder, cwd=tmp_path)
        for _ in range(chance.randrange(1, 10)):
            process.stderr.readline()
        time.sleep(chance.uniform(0, 0.1))
        process.kill()
        process.communicate()
        seen = files(tmp_path / folder)
        assert {name: data for name, data in seen.items() if ".tmp-" not in name}.items() <= whole.items()
        srch("run", QUESTION, "--out", folder, "--resume", "-q", cwd=tmp_path)
        assert files(tmp_path / folder) == whole
