"""Measures films: how fast they are watched beside a floor, what that holds, and whether each person has one index.

    python -m benchmarks.films [--seconds 30] [--rounds 3] [--images FOLDER]
    python -m benchmarks.films --people FOLDER [--films 20]

The first makes a film of 1080p30 (H.264, five faces that move, the noise of a camera) and watches it at two samples a
second. The floor is done in the same process, in turns: the film decoded by PyAV and its samples turned to RGB, while
the same network calls, recorded before, run on as many threads as there are cores; nothing else. Both are given in
seconds of the clock and of the processor, which is what counts on a machine that does other work.

The second makes films of people of FOLDER (PERSON/photo.jpg, two photographs or more of each) who come, move, pass one
another, are cut to in another's place and come back in another photograph, and counts those with more than one index
and the indices of more than one person, for each half of the people.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks.played_films import judge, written
from mien import app, config
from mien.engine.session import Session
from mien.measure.speed.sample_photos import found
from mien.packs.load import Pack
from mien.video.analysis import Analysis
from mien.video.film import open_film

Pixels = NDArray[np.uint8]
RATE, HEIGHT, WIDTH, FACES = 30, 1080, 1920, 5


class Recording:
    """A session that keeps what it is run on."""

    def __init__(self, session: Session, calls: list[tuple[Session, Pixels]]) -> None:
        self._session, self._calls = session, calls

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def run(self, pixels: Pixels) -> Any:
        self._calls.append((self._session, pixels.copy()))
        return self._session.run(pixels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images")
    parser.add_argument("--people", type=Path)
    parser.add_argument("--films", type=int, default=20)
    parser.add_argument("--watch", type=Path, help="only watch this film, and say what that held")
    given = parser.parse_args()
    pack = app.open_pack(config.load({}, os.environ))
    if given.watch:
        before = psutil.Process().memory_info().rss
        most = watched(pack, given.watch)[1]
        print(
            f"resident: {before >> 20} MB with the pack, at most {most >> 20} while watching with the decoder's process"
        )
        return
    with tempfile.TemporaryDirectory() as folder:
        if given.people:
            judge(pack, given.people, given.films, Path(folder))
            return
        film = Path(folder) / "film.mp4"
        written(film, five_faces(given.seconds, given.images), RATE)
        print(f"{given.seconds} s of {WIDTH} × {HEIGHT} at {RATE}, {film.stat().st_size / 1e6:.1f} MB")
        subprocess.run([sys.executable, "-m", "benchmarks.films", "--watch", str(film)], check=True)
        measure(pack, film, given.seconds, given.rounds)


def measure(pack: Pack, film: Path, seconds: int, rounds: int) -> None:
    calls: list[tuple[Session, Pixels]] = []
    recorded = pack.through(lambda _, session: Recording(session, calls))  # type: ignore[arg-type]
    faces, _ = watched(recorded, film)
    print(f"{faces / seconds / 2:.1f} faces a sample, {len(calls)} network calls")
    rows: dict[str, list[tuple[float, float]]] = {"floor": [], "mien": []}
    for _ in range(rounds):
        rows["floor"].append(timed(lambda: floor(film, calls, pack.pipeline.cores.count)))
        rows["mien"].append(timed(lambda: watched(pack, film)))
    for name, row in rows.items():
        wall, cpu = (sorted(each)[len(each) // 2] for each in zip(*row, strict=True))
        print(f"{name}: {wall:.2f} s, {seconds / wall:.1f} times real time; {cpu:.2f} s of the processor")
    ratios = [np.median([mien[part] / bare[part] for mien, bare in zip(rows["mien"], rows["floor"], strict=True)])
              for part in (0, 1)]  # fmt: skip
    print(f"times the floor: {ratios[0]:.2f} by the clock, {ratios[1]:.2f} of the processor")


def watched(pack: Pack, film: Path) -> tuple[int, int]:
    """Watches a film; returns how many faces it showed, and the bytes held at most."""
    stop, most = threading.Event(), [0]
    sampling = threading.Thread(target=_sampled, args=(stop, most))
    sampling.start()
    faces = 0
    try:
        with open_film(film) as opened:
            for sample in Analysis(opened, pack.pipeline, pack.calibration.similarity):
                faces += len(sample.faces)
    finally:
        stop.set()
        sampling.join()
    return faces, most[0]


def floor(film: Path, calls: list[tuple[Session, Pixels]], threads: int) -> None:
    """Decodes a film, and makes the same network calls meanwhile."""
    decoding = threading.Thread(target=_decoded, args=(film,))
    decoding.start()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda call: call[0].run(call[1]) and None, calls))
    decoding.join()


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Runs something; returns seconds of the clock, and of the processor with those of processes that ended."""
    started, before = time.perf_counter(), _processor()
    work()
    return time.perf_counter() - started, _processor() - before


def five_faces(seconds: int, folder: str | None) -> Iterator[Pixels]:
    """Yields a film's pictures, uint8 BGR: photographs that move over a background out of focus."""
    photos = [pixels for _, pixels in found(folder)]
    heights = np.linspace(420, 640, FACES).astype(int)
    parts = []
    for index, height in enumerate(heights):
        photo = photos[index % len(photos)]
        parts.append(cv2.resize(photo, (round(photo.shape[1] * height / photo.shape[0]), int(height))))
    ground = cv2.GaussianBlur(cv2.resize(photos[0], (WIDTH + 200, HEIGHT + 120)), (0, 0), 40)
    chance = np.random.default_rng(3)
    noise = chance.integers(0, 6, HEIGHT * WIDTH * 3 + 60_000).astype(np.uint8)
    for number in range(RATE * seconds):
        at = number / RATE
        x, y = int(100 + 90 * np.sin(at / 3)), int(60 + 50 * np.cos(at / 4))
        picture = ground[y : y + HEIGHT, x : x + WIDTH].copy()
        for index, part in enumerate(parts):
            left = int(np.clip(20 + 380 * index + 60 * np.sin(0.9 * at + index), 0, WIDTH - part.shape[1]))
            top = int(np.clip(200 + 60 * (index % 2) + 60 * np.cos(0.7 * at + index), 0, HEIGHT - part.shape[0]))
            picture[top : top + part.shape[0], left : left + part.shape[1]] = part
        first = int(chance.integers(0, 60_000))
        yield np.asarray(cv2.add(picture, noise[first : first + picture.size].reshape(picture.shape)), np.uint8)


def _decoded(film: Path) -> None:
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        due = 0.0
        for frame in container.decode(stream):
            if frame.time is not None and frame.time >= due:
                frame.reformat(format="rgb24", threads=1)
                due += 0.5


def _sampled(stop: threading.Event, most: list[int]) -> None:
    me = psutil.Process()
    while not stop.wait(0.05):
        held = 0
        for each in (me, *me.children()):
            try:
                held += each.memory_info().rss
            except psutil.Error:
                continue
        most[0] = max(most[0], held)


def _processor() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main()
