"""A worker's side of the parent: it takes connections, answers questions, and puts its own to the other workers."""

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable, Mapping

from mien.wire.listen import Attach
from mien.workers.board import READY, Board
from mien.workers.channel import GoneError, WorkerEnd

BEAT = 2.0  # seconds between two signs to the parent that the event loop runs
LOOK = 0.005  # seconds between two looks for the others' answers
PATIENCE = {"ready": 7.0, "metrics": 1.0}  # seconds that a question waits; a check of readiness may take five

Answers = Mapping[str, Callable[[], Awaitable[str]]]  # question → answers it for this worker


class Arrivals:
    """What comes from the parent. A source of connections for `listen.run`.

    Args:
        board: shared with the other workers.
        number: of this worker.
        channel: to the parent.
        answers: of this worker.
    """

    def __init__(self, board: Board, number: int, channel: WorkerEnd, answers: Answers) -> None:
        self._board, self._number, self._channel, self._answers = board, number, channel, answers
        self._tasks: set[asyncio.Task[None]] = set()
        self.listening: list[socket.socket] = []

    def begin(self, attach: Attach) -> None:
        """Begins to take connections and to answer questions; called on the event loop."""
        loop = asyncio.get_running_loop()
        self._channel.socket.setblocking(False)
        loop.add_reader(self._channel.socket, self._arrived, attach)
        self._beat()

    def _beat(self) -> None:
        self._board.beat(self._number)
        asyncio.get_running_loop().call_later(BEAT, self._beat)

    def _arrived(self, attach: Attach) -> None:
        try:
            accepted, questions = self._channel.take()
        except GoneError:  # the parent was killed, and nobody would replace this worker or stop it
            os._exit(1)
        for connection in accepted:
            attach(connection)
        for question in questions:
            task = asyncio.get_running_loop().create_task(self._answer(question))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, question: str) -> None:
        self._board.answer(self._number, question, await self._answers[question]())


async def ask(board: Board, number: int, channel: WorkerEnd, question: str) -> list[str]:
    """Puts a question to the other workers that serve, and returns their answers; of one that is silent, that it is."""
    asked = time.monotonic()
    channel.tell("ask", question)
    answers: dict[int, str | None] = {each: None for each in board.numbers() if each != number}
    while time.monotonic() < asked + PATIENCE[question]:
        for each in [number for number, said in answers.items() if said is None]:
            serves = board.state(each) == READY
            answers[each] = board.answered(each, question, asked) if serves else ""
        if None not in answers.values():
            break
        await asyncio.sleep(LOOK)
    return [f"Worker {each} does not answer." if said is None else said for each, said in answers.items()]
