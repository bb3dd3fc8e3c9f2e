"""An album embedded: each photo once, whoever asks, since what is known is kept between runs."""

from pathlib import Path

from mien.errors import SetupError
from mien.measure.accuracy import embedding_cache
from mien.measure.accuracy.dataset import Dataset
from mien.measure.accuracy.embedding import Embedded, embed
from mien.packs.load import Pack
from mien.system.progress import Progress


def embedded(album: Dataset, pack: Pack, which: str, workers: int, folder: Path | None = None) -> Embedded:
    """Embed the photos of an album that are not known yet, showing how far it is.

    Args:
        album: the photos.
        pack: what embeds them.
        which: the face of a photo that counts (`embedding.chosen`).
        workers: photos that are worked on at the same time.
        folder: where embeddings are kept; None for the user's cache.

    Raises:
        SetupError: embeddings cannot be kept there.
    """
    folder = folder or embedding_cache.default_folder()
    progress = Progress("images", len(album.files))
    try:
        kept = embedding_cache.Cache(folder, embedding_cache.key(pack, which), pack.pipeline.embedder.dimension)
    except OSError as error:
        raise SetupError(f"Embeddings cannot be kept in {folder}: {error.strerror}.") from None
    with kept:
        found = embed(album.files, pack.pipeline, which, cache=kept, workers=workers, progress=progress)
    progress.close()
    return found
