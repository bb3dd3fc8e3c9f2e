"""Reads the photographs of other face recognition systems, to index them again.

Their embeddings are useless to another model, and their files of embeddings are never opened: a pickle, such as
deepface's, can run any program.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, urlencode

from mien.errors import SetupError
from mien.image.source import MOST_OBJECT
from mien.transfer.photographs import Photograph, Source, UnreadableError, named, of_file, of_folder, refuse_others
from mien.transfer.walking import Skipped, files

KEY = "COMPREFACE_API_KEY"
PAGE = 500  # faces listed at a time
MOST_LISTED = 4 << 20  # bytes of a page
READ_TIMEOUT = 30.0  # seconds until the next bytes
ANSWER_TIMEOUT = 300.0  # seconds for a whole answer
ATTEMPTS = 3


def of_deepface(folder: str) -> Source:
    """Returns the photographs of a `db_path` of deepface, a folder for each person. Its pickles are skipped unopened.

    Raises:
        SetupError: it is not a folder.
    """
    source = of_folder(Path(folder))

    def walk() -> Iterator[Photograph | Skipped]:
        for each in source.walk():
            yield Skipped(each.name, "pickles") if each.name.lower().endswith(".pkl") else each

    return Source(source.name, walk)


def of_face_recognition(folder: str) -> Source:
    """Returns the known people of face_recognition: PERSON.jpg, as for its command, or a folder for each person.

    Raises:
        SetupError: it is not a folder.
    """
    place = Path(folder)
    source = of_folder(place)

    def walk() -> Iterator[Photograph | Skipped]:
        for path in files(place):
            if isinstance(path, Skipped):
                yield path
                continue
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
            if not faces:  # a service that counts wrongly would be asked for ever
                return
            for subject, image in faces:
                yield named(f"{address} {image}", subject, image, "", lambda image=image: service.image(image))  # type: ignore[misc]
            page += 1

    return Source(address, walk, is_local=False, by_user=False)


class _CompreFace:
    """A recognition service over CompreFace's REST API (docs/Rest-API-description.md of exadel-inc/CompreFace)."""

    def __init__(self, address: str, key: str) -> None:
        import urllib3  # noqa: PLC0415  only this import needs it

        self._address = f"{address}/api/v1/recognition/faces"
        self._pool = urllib3.PoolManager(
            headers={"x-api-key": key},
            maxsize=32,
            timeout=READ_TIMEOUT,
            retries=urllib3.Retry(ATTEMPTS, redirect=False),
        )

    def faces(self, page: int) -> tuple[list[tuple[str, str]], int]:
        """Returns the subjects and image ids of a page of faces, and the number of pages.

        Raises:
            SetupError: the service does not list its faces, or a page is larger than MOST_LISTED.
        """
        status, body = self._get("?" + urlencode({"page": page, "size": PAGE}), MOST_LISTED)
        if status != 200:
            raise SetupError(f"{self._address} answered the list of faces with {status}; check the key.")
        if len(body) > MOST_LISTED:
            raise SetupError(f"{self._address} lists {PAGE} faces in more than {MOST_LISTED >> 20} MiB.")
        try:
            answer = json.loads(body)
            return [(str(each["subject"]), str(each["image_id"])) for each in answer["faces"]], int(
                answer["total_pages"]
            )
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            raise SetupError(f"{self._address} does not answer as CompreFace 0.6 and later do.") from None

    def image(self, image_id: str) -> bytes:
        """Returns the image of an example.

        Raises:
            UnreadableError: CompreFace no longer has the image, or does not answer, or it is too large.
            NoPhotographError: it has something else.
        """
        try:
            status, body = self._get(f"/{quote(image_id, safe='')}/img", MOST_OBJECT)
        except SetupError as error:
            raise UnreadableError(str(error)) from None
        if status != 200 or not body:
            raise UnreadableError("CompreFace stored no image of it (save_images_to_db).")
        if len(body) > MOST_OBJECT:
            raise UnreadableError(f"CompreFace's image of it is larger than {MOST_OBJECT >> 20} MiB.")
        refuse_others(body)
        return body

    def _get(self, path: str, most: int) -> tuple[int, bytes]:
        """Returns the status and the body of a response, up to one byte more than `most`.

        Raises:
            SetupError: there is no response in time, or it is compressed, which mien does not ask for.
        """
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        last = time.monotonic() + ANSWER_TIMEOUT
        try:
            answer = self._pool.request("GET", self._address + path, preload_content=False, decode_content=False)
            with answer:
                if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
                    raise SetupError(f"{self._address} sends compressed answers, which mien does not ask for.")
                body = bytearray()
                while len(body) <= most and (chunk := answer.read1(most + 1 - len(body), decode_content=False)):
                    body += chunk
                    if time.monotonic() > last:
                        raise SetupError(f"{self._address} did not end its answer within {ANSWER_TIMEOUT:.0f} seconds.")
        except HTTPError as error:
            raise SetupError(f"{self._address} does not answer ({type(error).__name__}).") from None
        return answer.status, bytes(body)


SYSTEMS: Mapping[str, Callable[[str], Source]] = {
    "compreface": of_compreface,
    "deepface": of_deepface,
    "face_recognition": of_face_recognition,
}
