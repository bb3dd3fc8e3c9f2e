"""Runs `mien watch` on cameras: says who came and who went, until it is stopped."""

import argparse
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from mien.commands.who import asked
from mien.config import Settings
from mien.errors import SetupError

EVERY = 250  # milliseconds between two looks at a camera
ATTEMPTS = 1  # calls of a server for one picture, since a newer one is better than the same again


def add_flags(made: argparse.ArgumentParser) -> None:
    """Adds the flags that only cameras have."""
    group = made.add_argument_group("cameras")
    group.add_argument("--live", action="store_true", help="take a file as a camera, at its own speed")
    group.add_argument(
        "--away", type=_seconds, default=10.0, help="seconds unseen after which a person has gone (default 10)"
    )
    group.add_argument("--webhook", metavar="URL", action="append", default=[], help="post the events there")
    group.add_argument("--webhook-secret", metavar="FILE", help="sign them with the key in this file")
    group.add_argument(
        "--portraits",
        dest="portraits_in",
        metavar="FOLDER",
        help="keep a photograph there of each known person who came",
    )
    group.add_argument("--portraits-of-unknown", action="store_true", help="also of unknown people")


def wanted(given: argparse.Namespace) -> bool:
    """Returns whether any of the sources is a camera, or is to be taken as one."""
    from mien.video import camera_address

    return given.live or not all(map(camera_address.is_file, given.sources))


def watch(settings: Settings, given: argparse.Namespace) -> int:
    """Watches cameras until it is stopped, or all of them are films and over; returns 1 when events were lost.

    Raises:
        SetupError: it cannot begin, or not go on.
    """
    from mien.cameras.arrival_pictures import Arrivals
    from mien.cameras.events import Events, printed
    from mien.cameras.outlet import Outlet
    from mien.cameras.run import Run
    from mien.cameras.watcher import Watching
    from mien.cameras.webhook import Webhook, secret
    from mien.video import camera_address

    addresses = camera_address.read(given.sources)
    stopping = threading.Event()
    if given.webhook_secret and not given.webhook:
        raise SetupError("Say with --webhook where the signed events are posted.")
    key = secret(given.webhook_secret) if given.webhook_secret else None
    hooks = [Webhook(each, key, say) for each in given.webhook]
    portraits = Arrivals(Path(given.portraits_in), given.portraits_of_unknown, say) if given.portraits_in else None
    with ExitStack() as stack:
        question = stack.enter_context(closing(asked(settings, given, attempts=ATTEMPTS)))
        question.prepare()
        outlets = [Outlet("standard output", printed(stopping.set), say)]
        outlets += [Outlet(each.name, each.deliver, say) for each in hooks]
        sent = Events(outlets)
        watching = Watching(question.question, sent, say, (given.every or EVERY) / 1000, given.away, portraits)
        run = Run(watching, question.calibration(), stopping)
        _on_signals(stopping.set, stack)
        why = run.watch(addresses)
        lost = sent.close()
    if why:
        raise SetupError(why)
    return 1 if lost else 0


def say(sentence: str) -> None:
    """Says something about cameras or receivers on standard error."""
    print(f"mien: {sentence}", file=sys.stderr, flush=True)


def _on_signals(stop: Callable[[], None], stack: ExitStack) -> None:
    """Makes a signal that ends a process stop the run first, so that everyone goes; a second one ends it at once."""
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}

    def restore() -> None:
        for each, handler in before.items():
            signal.signal(each, handler)

    def stopped(_: int, __: Any) -> None:
        restore()
        stop()

    stack.callback(restore)
    for each in before:
        signal.signal(each, stopped)


def _seconds(text: str) -> float:
    if not 0.5 <= (value := float(text)) <= 3600:
        raise argparse.ArgumentTypeError("must be between 0.5 and 3600")
    return value
