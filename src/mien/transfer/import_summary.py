"""Counts what an import did, and puts it into words."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from mien.transfer import reasons

SHOWN = 10  # faults that are shown where no report is written


@dataclass(slots=True)
class ImportSummary:
    """The numbers that an import reports at its end.

    Attributes:
        photographs: photographs of the source, those that could not be read included.
        earlier: photographs that an earlier run had finished.
        faces: faces of the collection at the end, as DescribeCollection counts them.
        users: users of the collection at the end.
        added: how many faces more than at the beginning it has.
        refused: faces and photographs refused, in this run or earlier ones.
        unlike: faces that are unlike the others of their user, and were left without one.
        bystanders: faces that were not wanted, since the photograph has better ones.
        left_out: what is no photograph, by its kind.
        failed: photographs and folders that could not be read or sent; the next run tries them again.
        faults: the first of those that failed or were refused, in words.
    """

    photographs: int = 0
    earlier: int = 0
    faces: int = 0
    users: int = 0
    added: int = 0
    refused: int = 0
    unlike: int = 0
    bystanders: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    faults: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Returns the numbers for `--json`."""
        return {name: getattr(self, name) for name in self.__slots__ if name not in ("left_out", "faults")} | {
            "left_out": dict(self.left_out)
        }

    def leave_out(self, kind: str) -> None:
        """Counts something that is no photograph."""
        self.left_out[kind] += 1

    def fail(self, name: str, why: str) -> None:
        """Counts a photograph or folder that could not be read or sent."""
        self.failed += 1
        self._note(name, why)

    def refuse(self, name: str, why: list[str]) -> bool:
        """Counts a refused face or photograph; returns False for a bystander, which is no fault."""
        if reasons.BYSTANDER in why:
            self.bystanders += 1
            return False
        if reasons.UNLIKE in why:
            self.unlike += 1
        else:
            self.refused += 1
        self._note(name, " ".join(map(reasons.sentence, why)))
        return True

    def _note(self, name: str, why: str) -> None:
        if len(self.faults) < SHOWN:
            self.faults.append(reasons.printable(f"{name}: {why}"))

    def as_text(self, collection: str, report: str | None) -> str:
        """Returns the numbers as sentences."""
        done = f", {self.earlier:,} of them finished in an earlier run" if self.earlier else ""
        lines = [
            f"{_plural(self.photographs, 'photograph')}{done}; {_plural(self.added, 'face')} added. "
            f"The collection {collection} has {_plural(self.faces, 'face')} and {_plural(self.users, 'user')}."
        ]
        if self.left_out:
            kinds = ", ".join(f"{kind} ({count:,})" for kind, count in sorted(self.left_out.items()))
            lines.append(f"Left out, since they are no photographs: {kinds}.")
        if self.bystanders:
            lines.append(
                f"{_plural(self.bystanders, 'bystander')} not indexed; --max-faces takes more of a photograph."
            )
        if self.refused:
            lines.append(f"{_plural(self.refused, 'face or photograph', 'faces and photographs')} refused.")
        if self.unlike:
            lines.append(
                f"{_plural(self.unlike, 'face')} unlike the others of the same user, and left without one; "
                "--user-match-threshold 0 trusts the source."
            )
        if self.failed:
            lines.append(f"{self.failed:,} could not be read or sent; the same command tries them again.")
        if report and (self.refused or self.unlike or self.failed):
            lines.append(f"Why: {report}.")
        return "\n".join(lines)


def _plural(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
