"""The choice of a collection to keep portraits of its faces, made with the collection by a tag or a setting."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from mien.errors import InternalServerError, InvalidParameterError
from mien.face.portrait import encoded
from mien.face.types import Portrait
from mien.store.base import KeptPortrait
from mien.store.tables.portraits import TAG, PortraitsLockedError


def chosen(default: bool, tags: Mapping[str, str] | None) -> dict[str, str]:
    """Returns the tags of a new collection, with the setting's choice to keep portraits if they make none.

    Args:
        default: the setting's choice.
        tags: of the request.

    Raises:
        InvalidParameterError: the tag of the choice is neither true nor false.
    """
    given = dict(tags or {})
    if given.get(TAG, "true") not in ("true", "false"):
        raise InvalidParameterError(f"The tag {TAG} is true or false, not {given[TAG]}.")
    if default:
        given.setdefault(TAG, "true")
    return given


def refuse_change(kept: bool, tags: Mapping[str, str] | None = None, removed: Sequence[str] = ()) -> None:
    """Raises an error for a change of tags after which the choice would be another than the collection was made with.

    Args:
        kept: whether the collection keeps portraits.
        tags: to be added.
        removed: names of tags to be removed.

    Raises:
        InvalidParameterError: the choice would change.
    """
    said = (tags or {}).get(TAG, str(kept).lower())
    if said != str(kept).lower() or (kept and TAG in removed):
        how = "keeps" if kept else "does not keep"
        raise InvalidParameterError(
            f"The collection {how} portraits, which is chosen when a collection is made: the tag {TAG} cannot change. "
            "Make another collection with the other choice, and index its photographs."
        )


def packed(portrait: Portrait) -> KeptPortrait:
    """Encodes a portrait as it is kept."""
    return KeptPortrait(encoded(portrait.pixels), len(portrait.pixels), portrait.landmarks)


@contextmanager
def openable() -> Iterator[None]:
    """Answers a call whose portraits this server cannot encrypt or decrypt with an error that says why.

    Raises:
        InternalServerError: the master key is missing, or another one than other portraits of the store were made with.
    """
    try:
        yield
    except PortraitsLockedError as error:
        raise InternalServerError(str(error)) from None
