"""How far a long run is: a bar on a terminal, plain lines elsewhere, with a total and without one."""

import io

import pytest

from mien.system.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("total", "end"), [(3, "photographs 3 of 3, "), (None, "photographs 3, ")])
def test_plain_lines_have_no_bar_and_no_codes(total: int | None, end: str) -> None:
    stream = io.StringIO()
    progress = Progress("photographs", total, stream)
    for _ in range(3):
        progress.step()
    progress.close()
    assert stream.getvalue().startswith(end)
    assert stream.getvalue().endswith(" a second\n")
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize(
    ("total", "bar"), [(2, "[██████████████████████████████] photographs 2 of 2"), (None, "photographs 2")]
)
def test_a_terminal_gets_a_bar_where_the_total_is_known(total: int | None, bar: str) -> None:
    stream = Terminal()
    progress = Progress("photographs", total, stream)
    progress.step(fresh=False)
    progress.step(fresh=False)
    progress.close()
    assert stream.getvalue().endswith(f"\r\x1b[K{bar}\n")
