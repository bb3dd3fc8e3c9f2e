"""Reads the photographs of other face recognition systems, to index them again.

Their embeddings are useless to another model, and their files of embeddings are never opened: a pickle, such as
deepface's, can run any program.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

from mien.errors import SetupError
from mien.transfer.photographs import Photograph, Source, UnreadableError, files, identifier, of_file, of_folder

KEY = "COMPREFACE_API_KEY"
PAGE = 500  # faces listed at a time
TIMEOUT = 30.0  # seconds for a response
ATTEMPTS = 3


def of_deepface(folder: str) -> Source:
    """Returns the photographs of a `db_path` of deepface, a folder for each person. Its pickles are skipped unopened.

    Raises:
        SetupError: it is not a folder.
    """
    source = of_folder(Path(folder))

    def walk() -> Iterator[Photograph]:
        return (each for each in source.walk() if not each.name.lower().endswith(".pkl"))

    return Source(source.name, walk)


def of_face_recognition(folder: str) -> Source:
    """Returns the known people of face_recognition: PERSON.jpg, as for its command, or a folder for each person.

    Raises:
        SetupError: it is not a folder.
    """
    place = Path(folder)
    source = of_folder(place)

    def walk() -> Iterator[Photograph]:
        for path in files(place):
            above = path.relative_to(place).parts[:-1]
            yield of_file(path, above[0] if above else path.stem)

    return Source(source.name, walk)


def of_compreface(address: str) -> Source:
    """Returns the examples of a recognition service of CompreFace 0.6 or later, read over its REST API.

    The service's key is read from the environment variable COMPREFACE_API_KEY.

    Raises:
        SetupError: the key is missing.
    """
    key = os.environ.get(KEY, "")
    if not key:
        raise SetupError(f"Set {KEY} to the API key of CompreFace's recognition service.")
    service = _CompreFace(address.rstrip("/"), key)

    def walk() -> Iterator[Photograph]:
        page, pages = 0, 1
        while page < pages:
            faces, pages = service.faces(page)
            for subject, image in faces:
                yield Photograph(
                    f"{address} {image}",
                    identifier(subject),
                    identifier(image),
                    "",
                    lambda image=image: service.image(image),  # type: ignore[misc]
                )
            page += 1

    return Source(address, walk, is_local=False)


class _CompreFace:
    """A recognition service over CompreFace's REST API (docs/Rest-API-description.md of exadel-inc/CompreFace)."""

    def __init__(self, address: str, key: str) -> None:
        import urllib3  # noqa: PLC0415  only this import needs it

        self._address = f"{address}/api/v1/recognition/faces"
        self._pool = urllib3.PoolManager(
            headers={"x-api-key": key}, maxsize=32, timeout=TIMEOUT, retries=urllib3.Retry(ATTEMPTS, redirect=False)
        )

    def faces(self, page: int) -> tuple[list[tuple[str, str]], int]:
        """Returns the subjects and image ids of a page of faces, and the number of pages.

        Raises:
            SetupError: the service does not list its faces.
        """
        status, body = self._get("?" + urlencode({"page": page, "size": PAGE}))
        if status != 200:
            raise SetupError(f"{self._address} answered the list of faces with {status}; check the key.")
        try:
            answer = json.loads(body)
            return [(str(each["subject"]), str(each["image_id"])) for each in answer["faces"]], int(
                answer["total_pages"]
            )
        except (ValueError, KeyError, TypeError):
            raise SetupError(f"{self._address} does not answer as CompreFace 0.6 and later do.") from None

    def image(self, image_id: str) -> bytes:
        """Returns the image of an example.

        Raises:
            UnreadableError: CompreFace no longer has the image, or does not answer.
        """
        try:
            status, body = self._get(f"/{image_id}/img")
        except SetupError as error:
            raise UnreadableError(str(error)) from None
        if status != 200 or not body:
            raise UnreadableError("CompreFace stored no image of it (save_images_to_db)")
        return body

    def _get(self, path: str) -> tuple[int, bytes]:
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        try:
            answer = self._pool.request("GET", self._address + path)
        except HTTPError as error:
            raise SetupError(f"{self._address} does not answer ({type(error).__name__}).") from None
        return answer.status, answer.data


SYSTEMS: Mapping[str, Callable[[str], Source]] = {
    "compreface": of_compreface,
    "deepface": of_deepface,
    "face_recognition": of_face_recognition,
}
