"""Measures the distribution of a pack's embeddings, for `mien bench --gallery` without photographs.

python benchmarks/spectrum.py FOLDER > src/mien/measure/speed/spectrum.json
"""

import os
import sys
from pathlib import Path

import msgspec

from mien import app, config
from mien.measure.accuracy.dataset import open_dataset
from mien.measure.accuracy.embedding import embed_dataset
from mien.measure.speed import population


def main(folder: str) -> None:
    settings = config.load({}, os.environ)
    pack = app.open_pack(settings)
    album = open_dataset(Path(folder))
    found = embed_dataset(album, pack, "central", settings.cores)
    of = f"{len(found.photos):,} photographs of {len(album.names):,} people"
    spectrum = population.spectrum(found.embeddings, album.people[found.photos], of, pack.manifest.name)
    print(msgspec.json.format(msgspec.json.encode(spectrum), indent=0).decode())


main(sys.argv[1])
