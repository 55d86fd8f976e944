"""Makes ``src/slimlm/engine/reader.npz`` from a run of ``recipes/train_reader.py``, and says what the cut costs.

python recipes/export_reader.py --base e5-small-q4.bin --work /tmp/reader --rank 64
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from dataclasses import asdict
from pathlib import Path

from train_reader import STAGES, held_out

from slimlm.engine.entries import READER_LAYOUT
from slimlm.engine.packed_encoder import read_packed_encoder
from slimlm.engine.reader_weights import RESOURCE, SEGMENT, apply_change, load_change, save_change
from slimlm.lab.reader.examples import load_examples
from slimlm.lab.reader.export import change_of, kept_share
from slimlm.lab.reader.measure import measure
from slimlm.lab.reader.model import Encoding, from_packed, load_tensors, tensors_of
from slimlm.lab.reader.train import load_trained

ENGINE = Path(__file__).resolve().parents[1] / "src/slimlm/engine"
TARGET, CATALOG = ENGINE / RESOURCE, ENGINE / "catalog.toml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rank", type=int, default=64, help="singular values kept of each matrix")
    parser.add_argument("--target", type=Path, default=TARGET)
    args = parser.parse_args()
    base = read_packed_encoder(args.base)
    encoding, model = Encoding(base.vocabulary), load_trained(args.work / STAGES[-1].name, from_packed(base))
    held = held_out(load_examples(args.work / "own.pickle"))
    before = measure(model, encoding, held)
    trained = tensors_of(model)
    change = change_of(trained, base, args.rank)
    save_change(change, args.target)
    encoder, head = apply_change(base, load_change(args.target))
    load_tensors(model, {**encoder.tensors, SEGMENT: encoder.tensors["emb.type"][0], **head})
    after = measure(model, encoding, held)
    size = args.target.stat().st_size
    if args.target == TARGET:
        _name_in_catalog(hashlib.sha256(TARGET.read_bytes()).hexdigest()[:12])
    print(json.dumps({"rank": args.rank, "bytes": size, "kept": round(kept_share(trained, base, change), 4)}))
    print("trained:", json.dumps(asdict(before)))
    print("shipped:", json.dumps(asdict(after)))


def _name_in_catalog(digest: str) -> None:
    """Readers that were installed with other weights are then replaced."""
    text = CATALOG.read_text("utf-8")
    changed, count = re.subn(rf"{READER_LAYOUT}[0-9a-f]+", READER_LAYOUT + digest, text)
    assert count == 1
    CATALOG.write_text(changed, "utf-8")


if __name__ == "__main__":
    main()
