"""What other systems hold, as photographs to be indexed anew: their embeddings mean nothing to another model.

Their own files of embeddings are never opened: the pickles of deepface could run any program.
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
PATIENCE = 30.0  # seconds for an answer
ATTEMPTS = 3


def of_deepface(folder: str) -> Source:
    """A `db_path` of deepface: a folder for each person. Its pickles of embeddings are passed over unopened.

    Raises:
        SetupError: it is no folder.
    """
    source = of_folder(Path(folder))

    def walk() -> Iterator[Photograph]:
        return (each for each in source.walk() if not each.name.lower().endswith(".pkl"))

    return Source(source.name, walk)


def of_face_recognition(folder: str) -> Source:
    """Known people of face_recognition: PERSON.jpg, as its command has it, or a folder for each, as its k-NN example.

    Raises:
        SetupError: it is no folder.
    """
    place = Path(folder)
    source = of_folder(place)

    def walk() -> Iterator[Photograph]:
        for path in files(place):
            above = path.relative_to(place).parts[:-1]
            yield of_file(path, above[0] if above else path.stem)

    return Source(source.name, walk)


def of_compreface(address: str) -> Source:
    """The examples of a recognition service of CompreFace 0.6 or later, over its REST API: subject, image id, picture.

    The service's key is in the environment, as COMPREFACE_API_KEY.

    Raises:
        SetupError: there is no key.
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
                    lambda image=image: service.picture(image),  # type: ignore[misc]
                )
            page += 1

    return Source(address, walk, is_near=False)


class _CompreFace:
    """A recognition service, as its REST API is documented (docs/Rest-API-description.md of exadel-inc/CompreFace)."""

    def __init__(self, address: str, key: str) -> None:
        import urllib3  # noqa: PLC0415  for those who come from there

        self._address = f"{address}/api/v1/recognition/faces"
        self._pool = urllib3.PoolManager(
            headers={"x-api-key": key}, maxsize=32, timeout=PATIENCE, retries=urllib3.Retry(ATTEMPTS, redirect=False)
        )

    def faces(self, page: int) -> tuple[list[tuple[str, str]], int]:
        """Subjects and image ids of a page of faces, and how many pages there are.

        Raises:
            SetupError: the service does not list them.
        """
        status, body = self._get("?" + urlencode({"page": page, "size": PAGE}))
        if status != 200:
            raise SetupError(f"{self._address} answers {status} to its list of faces; is the key right?")
        try:
            answer = json.loads(body)
            return [(str(each["subject"]), str(each["image_id"])) for each in answer["faces"]], int(
                answer["total_pages"]
            )
        except (ValueError, KeyError, TypeError):
            raise SetupError(f"{self._address} does not answer as CompreFace 0.6 and later do.") from None

    def picture(self, image: str) -> bytes:
        """The picture of an example.

        Raises:
            UnreadableError: CompreFace has it no more, or does not answer.
        """
        try:
            status, body = self._get(f"/{image}/img")
        except SetupError as error:
            raise UnreadableError(str(error)) from None
        if status != 200 or not body:
            raise UnreadableError("CompreFace keeps no picture of it (save_images_to_db)")
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
