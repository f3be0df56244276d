"""Kill -9 of ``srch run --questions`` at random times: its processes end with it, and the same call gives the records
of a call that nobody killed."""

from __future__ import annotations

import random
import time

QUESTIONS = ["Do street trees lower air temperature?", "Do street trees warm or cool streets at night?"]


def test_kill_at_random_times(tmp_path, srch, files):
    chance = random.Random(20261123)
    (tmp_path / "questions.txt").write_text("\n".join(QUESTIONS), encoding="utf-8")
    call = ("run", "--questions", "questions.txt", "--jobs", "2", "--max-calls", "9")
    srch(*call, "-q", "--out", "whole", cwd=tmp_path)
    whole = files(tmp_path / "whole")
    assert sum(name.endswith("/run.json") for name in whole) == 2
    for number in range(6):
        folder = tmp_path / f"runs-{number}"
        process = srch.start(*call, "--out", folder, cwd=tmp_path)
        if number % 2:
            process.stderr.readline()  # one question is done
        else:
            while not list(folder.glob("*/stages")) and process.poll() is None:
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.8))
        process.kill()
        process.communicate()  # ends when no process of its own holds its output any longer
        seen = {name: data for name, data in files(folder).items() if "/" in name and not name.startswith(".budget/")}
        assert {name: data for name, data in seen.items() if ".tmp-" not in name}.items() <= whole.items()
        srch(*call, "-q", "--out", folder, cwd=tmp_path)
        assert files(folder) == whole
