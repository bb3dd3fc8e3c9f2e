"""Measure how a pack's embeddings are spread, for `mien bench --gallery` where there are no photographs.

python benchmarks/spectrum.py FOLDER > src/mien/bench/spectrum.json
"""

import os
import sys
from pathlib import Path

import msgspec
import numpy as np
from mien.evaluate.progress import Progress

from mien import app, config
from mien.bench import population
from mien.evaluate import cache, embedding
from mien.evaluate.album import open_album


def main(folder: str) -> None:
    settings = config.load({}, os.environ)
    pack = app.open_pack(settings)
    album = open_album(Path(folder))
    with cache.Cache(cache.default_folder(), cache.key(pack, "central"), pack.manifest.embedder.dimension) as known:
        progress = Progress("photos", len(album.files))
        embedded = embedding.embed(
            album.files, pack.pipeline, "central", cache=known, workers=settings.cores, progress=progress
        )
    people = np.asarray(album.people)[embedded.photos]
    of = f"{len(embedded.photos):,} photographs of {len(album.names):,} people"
    spectrum = population.spectrum(embedded.embeddings, people, of, pack.manifest.name)
    print(msgspec.json.format(msgspec.json.encode(spectrum), indent=0).decode())


main(sys.argv[1])
