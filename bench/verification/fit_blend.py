"""Fit how the cross-encoder and the lexical features are weighed together, and write ``blend.json``.

    python -m bench.verification.fit_blend

Needs the weights that ``train_cross_encoder`` wrote and the optional packages of ``srch-registry[models]``. The encoder
saw no label of SciFact, so its scores on SciFact train are those that it gives to any text. Takes some four minutes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.verification.data import DATA
from bench.verification.folds import encoder_logits, with_encoder
from bench.verification.train_lexical import fit, training
from generator.kernel.verification.blended import METHOD
from generator.kernel.verification.cross_encoder import WEIGHTS, CrossEncoder
from generator.kernel.verification.lexical.model import Model
from generator.manifest.atomic import write_file

VERSION = "1.0.0"


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit and write."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n")[0], epilog="example: python -m bench.verification.fit_blend"
    )
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the data sets")
    given = parser.parse_args(arguments)
    known = training(given.data)
    print(f"reading {len(known.gold)} pairs with the encoder", file=sys.stderr)
    x, names, emphasis = with_encoder(known, encoder_logits(CrossEncoder(), known.gold))
    content = fit(x, names, [pair.label for pair in known.gold], known.parts(known.gold), emphasis)
    content |= {"method": METHOD, "version": VERSION}
    Model(content)  # reads it as the package will
    write_file(WEIGHTS / "blend.json", json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n")
    print("wrote blend.json", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
