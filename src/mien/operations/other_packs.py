"""Says of collections that another pack made which pack that was, and what to do."""

from collections.abc import Iterable

from mien.errors import SetupError
from mien.packs import manifest, own
from mien.packs.manifest import Manifest
from mien.store.open import Store
from mien.store.upkeep import foreign


def refusal(name: str, contract: str, model_version: str, serving: Manifest) -> str:
    """Returns the sentence that refuses a search of a collection that another pack made.

    Args:
        name: the collection's.
        contract: of the pack that made it.
        model_version: of the pack that made it.
        serving: the server's pack.
    """
    made_by = _named(contract, manifest.catalogue().values())
    return (
        f"The collection {name} was made with {_maker(made_by, model_version)}; this server runs the pack "
        f"{serving.name} ({serving.model_version}), whose embeddings cannot be compared with it: "
        f"{_remedy(made_by, serving)}."
    )


def remarks(store: Store, serving: Manifest, packs: str) -> list[str]:
    """Returns a sentence for each other pack that made collections of the store; it names no collection.

    Args:
        store: the store.
        serving: the server's pack.
        packs: the user's own folder of model files; empty for none.
    """
    found = store.database.read(lambda cursor: foreign.count(cursor, serving.contract))
    known = _known(packs) if found else []
    return [_remark(each, _named(each.contract, known), serving) for each in found]


def _remark(found: foreign.MadeElsewhere, made_by: str, serving: Manifest) -> str:
    were, them = ("was", "it") if found.collections == 1 else ("were", "them")
    return (
        f"{_plural(found.collections, 'collection')} with {_plural(found.faces, 'face')} {were} made with "
        f"{_maker(made_by, found.model_version)}; the pack {serving.name} ({serving.model_version}) can list {them}, "
        f"but neither search {them} nor add to {them}: {_remedy(made_by, serving)}."
    )


def _maker(name: str, model_version: str) -> str:
    return f"the pack {name} ({model_version})" if name else f"a pack that is not known here ({model_version})"


def _remedy(name: str, serving: Manifest) -> str:
    other = f"serve with `--pack {name}`" if name else "serve with the pack, or the version of mien, that made it"
    return f"bring it to this pack with `mien reindex --pack {serving.name}` and its photographs, or {other}"


def _known(packs: str) -> Iterable[Manifest]:
    try:
        return own.known(packs).values()
    except SetupError:  # a manifest of the user's is damaged, which the commands about packs say
        return manifest.catalogue().values()


def _named(contract: str, known: Iterable[Manifest]) -> str:
    """Returns the name of the pack with this contract; empty if it is not among those known."""
    return next((entry.name for entry in known if entry.contract == contract), "")


def _plural(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
