"""Counts the collections that packs other than the server's made, for its start and for `mien doctor`."""

from dataclasses import dataclass

from mien.store.base import Cursor
from mien.store.upkeep.bulk import HIDDEN


@dataclass(frozen=True, slots=True)
class MadeElsewhere:
    """The collections that one other pack made.

    Attributes:
        contract: the pack's.
        model_version: the pack's, as the API shows it.
        collections: their number.
        faces: the number of their faces.
    """

    contract: str
    model_version: str
    collections: int
    faces: int


def count(cursor: Cursor, contract: str) -> list[MadeElsewhere]:
    """Returns the collections of packs with other contracts, those of a pack together, most collections first.

    Collections that an import or a reindexing has not finished are left out.
    """
    rows = cursor.rows(
        "SELECT contract, model_version, COUNT(*) AS made, COALESCE(SUM(faces), 0) FROM collections "
        "WHERE contract <> ? AND account NOT LIKE ? GROUP BY contract, model_version ORDER BY made DESC, contract",
        contract, f"{HIDDEN}%",
    )  # fmt: skip
    return [MadeElsewhere(str(row[0]), str(row[1]), int(row[2]), int(row[3])) for row in rows]
