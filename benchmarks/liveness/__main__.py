"""Makes films of liveness sessions, living ones and attacks, and says how they are decided.

    python -m benchmarks.liveness [--shared ../shared] [--people 16] [--keep FOLDER] [--only WORD] [--verbose]

The living man of `liveness/live-video` plays in every kind of film, the real replay of `liveness/attack-video` in its
own; photographs of `attributes/landmarks` are brought to life and play in some, one half of the people apart from the
other. What was seen of each film is kept in FOLDER, so that a run can go on where it ended; pictures are not.
"""

import argparse
import io
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.liveness.kinds import ATTACKS, LIVING, Make, Take, printed, replayed
from benchmarks.liveness.look import Looker
from benchmarks.liveness.people import filmed, photographed
from mien.liveness.challenge import MOVEMENT
from mien.liveness.decide import Decision, decide
from mien.operations.liveness.liveness_film import EVERY_MS
from mien.video.film import open_film

PASSES, FAILS = 80.0, 50.0  # the least confidence of a living person, and what no attack reaches
# Kinds that are not played by everyone: the real replay, and a sharp photograph that is tilted far to and fro.
REPLAYED: dict[str, Make] = {"replayed": replayed(), "replayed, movement only": replayed(MOVEMENT)}
TILTED = "photograph tilted far, movement only"
MORE: dict[str, Make] = {**REPLAYED, TILTED: printed(MOVEMENT, tilt=28.0, soft=False)}

Part = tuple[str, str, Any, Any, int]  # half, kind, who plays, who else, seed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--people", type=int, default=16, help="how many photographs are brought to life")
    parser.add_argument("--keep", type=Path, help="folder for what was seen")
    parser.add_argument("--only", default="", help="a part of the names of the films to make")
    parser.add_argument("--half", default="", help="man, first or second")
    parser.add_argument("--verbose", action="store_true", help="prints the evidence on each film")
    given = parser.parse_args()
    looker = Looker()
    similarity = looker.pack.calibration.similarity
    rows: dict[tuple[str, str], list[float]] = {}
    for half, kind, actor, other, seed in parts(looker, given.shared, given.people):
        if given.only not in f"{kind} {actor.name}" or given.half not in half:
            continue
        take = taken(kind, actor, other, seed)
        found = seen(looker, take, given.keep and given.keep / f"{kind} -- {actor.name}.pickle")
        decision = decide(*found, lambda one, same: float(similarity(one, same)))
        rows.setdefault((half, kind), []).append(decision.confidence)
        print(_line(half, kind, actor.name, decision, given.verbose), flush=True)
    _summary(rows)


def parts(looker: Looker, shared: Path, people: int) -> Iterator[Part]:
    """Yields all films: who plays in which kind."""
    photographs = []
    for number, file in enumerate(sorted((shared / "attributes" / "landmarks").iterdir())):
        if len(photographs) < people and (found := photographed(looker, file, number)) is not None:
            photographs.append(found)
    man = filmed(looker, sorted((shared / "liveness" / "live-video").iterdir()), "man")
    screen = filmed(looker, sorted((shared / "liveness" / "attack-video").iterdir()), "screen")
    for number, kind in enumerate([*LIVING, *ATTACKS]):
        yield "man", kind, man, photographs[0], 11 + number
    for number, kind in enumerate(REPLAYED):
        yield "man", kind, screen, man, 40 + number
    for number, each in enumerate((man, *photographs[:4])):
        yield ("man", "first", "second")[number and 2 - number % 2], TILTED, each, man, 50 + number
    for number, person in enumerate(photographs):
        half, other = ("first", "second")[number % 2], photographs[(number + 2) % len(photographs)]
        turn = number // 2  # both halves play the same kinds
        played = (
            list(LIVING)[turn % len(LIVING)],
            *(list(ATTACKS)[(2 * turn + step) % len(ATTACKS)] for step in (0, 1)),
        )
        for step, kind in enumerate(played):
            yield half, kind, person, other, 100 + 10 * number + step


def taken(kind: str, actor: Any, other: Any, seed: int) -> Callable[[], Take]:
    """Returns what makes a film."""
    make = {**LIVING, **ATTACKS, **MORE}[kind]
    return lambda: make(actor, other, seed)


def seen(looker: Looker, take: Callable[[], Take], file: Path | None) -> tuple[Any, Any, Any]:
    """Returns the challenge, what the client says, and what the frames show: kept in a file, or looked at now."""
    if file is not None and file.is_file():
        return pickle.loads(file.read_bytes())
    made = take()
    with open_film(io.BytesIO(made.film), "web") as film:
        found = made.challenge, made.told, looker.film(film.frames(EVERY_MS))
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pickle.dumps(found))
    return found


def _line(half: str, kind: str, name: str, decision: Decision, verbose: bool) -> str:
    right = decision.confidence >= PASSES if kind in LIVING else decision.confidence < FAILS
    line = f"{decision.confidence:5.1f}  {'' if right else 'WRONG '}{kind}, {name} ({half})"
    if verbose:
        line += "".join(f"\n         {each.score:.2f} {each.name}: {each.sentence}" for each in decision.evidence)
    return line


def _summary(rows: dict[tuple[str, str], list[float]]) -> None:
    for half in ("man", "first", "second"):
        for name, kinds in (("living", LIVING), ("attacks", None)):
            found = [
                value
                for (where, kind), values in rows.items()
                if where == half and (kind in LIVING) == (kinds is LIVING)
                for value in values
            ]
            if found:
                right = sum(value >= PASSES if kinds is LIVING else value < FAILS for value in found)
                print(f"{half}, {name}: {right} of {len(found)} right, {min(found):.1f}–{max(found):.1f}")


if __name__ == "__main__":
    sys.exit(main())
