"""Runs `mien watch` on films: who is in them, and when."""

import argparse
import dataclasses
import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from mien.commands import watch_cameras
from mien.commands.packs import Command
from mien.commands.watch_cameras import EVERY as CAMERA
from mien.commands.who import add_questions, positive
from mien.config import Settings
from mien.errors import ApiError, FilmError, SetupError

WATCH = """\
Say who is in films, and when: each person once, with the name from a collection, and unknown people numbered. A picture
in every half second is looked at; a film may be of any format that FFmpeg reads.

Or say who comes and who goes before cameras, as lines of JSON, until it is stopped. A camera is the address of a
stream, as rtsp://user:password@host/path, or a device; NAME=ADDRESS names it, and @FILE has one a line. Unknown people
are numbered, the same person with the same number, for a day and on all cameras.
"""
EVERY = 500  # milliseconds between two pictures of a film
SHOWN = 4  # stretches of time in a line; the JSON has all


def add_to(command: Command) -> None:
    """Adds the command."""
    made = command("watch", watch, "say who is in films, and who comes and goes before cameras")
    made.description, made.formatter_class = WATCH, argparse.RawDescriptionHelpFormatter
    made.add_argument("sources", metavar="SOURCE", nargs="+", help="a film, a camera, or @FILE with one a line")
    add_questions(made, threshold=90.0)
    made.add_argument(
        "--every", type=positive, help=f"milliseconds from picture to picture (default {EVERY}; {CAMERA} for a camera)"
    )
    made.add_argument("--json", action="store_true", help="print JSON, an object for each film; cameras always do")
    watch_cameras.add_flags(made)


def watch(settings: Settings, given: argparse.Namespace) -> int:
    """Says who is in films, or before cameras; returns 1 when a film could not be looked at to its end."""
    if watch_cameras.wanted(given):
        return watch_cameras.watch(settings, given)
    from mien import app, local
    from mien.operations.context import ACCOUNT

    if given.endpoint:
        raise SetupError("A film is watched on this machine: leave --endpoint out, or take it as a camera by --live.")
    pack = app.open_pack(settings)
    account = given.account or ACCOUNT
    opened = (
        local.of_store(settings, pack, alone=False, account=account)
        if given.collection
        else local.scratch(settings, pack)
    )
    failed = 0
    with closing(opened) as api:
        for name in given.sources:
            try:
                _say(api, settings, given, name)
            except (FilmError, ApiError, OSError) as error:
                if len(given.sources) == 1:
                    raise SetupError(f"{name}: {_sentence(error)}") from None
                failed = 1
                print(f"mien: {name}: {_sentence(error)}", file=sys.stderr)
    return failed


def _say(api: Any, settings: Settings, given: argparse.Namespace, name: str) -> None:
    from mien.library import films
    from mien.system.progress import Progress
    from mien.video.film import Bounds, open_film

    every = given.every or EVERY
    film = open_film(Path(name), Bounds("all", settings.video_gigabytes, settings.video_hours))
    about = film.metadata
    progress = Progress(f"{name}: pictures", -(-about.duration_ms // every) or None)
    people = films.people(
        api.context, api.caller, film, every,
        collection=given.collection, threshold=given.threshold, progress=lambda _: progress.step(),
    )  # fmt: skip
    progress.close()
    if given.json:
        print(
            json.dumps({"File": name, "Film": dataclasses.asdict(about), "People": [_written(each) for each in people]})
        )
        return
    print(f"{name}: {len(people)} {'person' if len(people) == 1 else 'people'}")
    unknown = 0
    for each in people:
        unknown += each.name is None
        print(f"  {_line(each, f'unknown {unknown}')}", flush=True)


def _line(person: Any, unknown: str) -> str:
    stretches = [_clock(start) if start == end else f"{_clock(start)}–{_clock(end)}" for start, end in person.stretches]
    more = [f"and {len(stretches) - SHOWN} more"] if len(stretches) > SHOWN else []
    similarity = f"{person.similarity:5.1f}" if person.name else "    –"
    return f"{person.name or unknown:<24} {similarity}  {', '.join(stretches[:SHOWN] + more)}"


def _written(person: Any) -> dict[str, Any]:
    """Returns a person as JSON has it, times in milliseconds."""
    stretches = [{"From": start, "To": end} for start, end in person.stretches]
    known = {"Name": person.name, "Similarity": person.similarity, "FaceId": str(person.face_id)} if person.name else {}
    return {"Index": person.index, **known, "Seen": stretches, "SeenBest": person.best_ms, "Samples": person.samples}


def _clock(milliseconds: int) -> str:
    minutes, seconds = divmod(milliseconds // 100 / 10, 60)
    return f"{int(minutes)}:{seconds:04.1f}"


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"it cannot be read: {error.strerror}."
    return str(error) or type(error).__name__
