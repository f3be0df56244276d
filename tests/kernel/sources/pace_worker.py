"""Takes turns in a folder and writes down when each began: ``pace_worker.py FOLDER INTERVAL TURNS FILE [die]``.

With ``die`` it is killed within its first turn.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from generator.kernel.sources.pacing import Pace

if __name__ == "__main__":
    folder, interval_s, turns, report = sys.argv[1:5]
    pace = Pace(Path(folder), float(interval_s))
    with Path(report).open("w", encoding="ascii") as moments:
        for _ in range(int(turns)):
            with pace.turn() as started:
                moments.write(f"{started!r}\n")
                moments.flush()
                if sys.argv[5:] == ["die"]:
                    os.kill(os.getpid(), signal.SIGKILL)
