"""Opens what a run asks about its photographs: a server, the store, or the pack alone where nobody is known."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mien import app, local
from mien.config import Settings
from mien.errors import ApiError, SetupError
from mien.face.similarity import Calibration
from mien.operations.context import ACCOUNT
from mien.packs import own
from mien.sorting import looking
from mien.sorting.journal import Journal
from mien.sorting.looking import Counts, Question
from mien.system.progress import Progress
from mien.transfer.api import ATTEMPTS, Api, Remote
from mien.transfer.walking import Skipped

NOBODY = "nobody"  # the collection, in an empty store, of a run without one


@dataclass(frozen=True, slots=True)
class Where:
    """Whom a run asks.

    Attributes:
        collection: the collection of the people; None if nobody is known.
        endpoint: the server's address; None for the store that the settings name.
        profile: the profile in the AWS configuration, for the server.
        account: the account that owns the collection, in the store.
    """

    collection: str | None = None
    endpoint: str | None = None
    profile: str | None = None
    account: str | None = None


class Asked:
    """Who is asked about photographs, and what.

    Args:
        settings: the settings.
        where: whom to ask.
        threshold: the least similarity to a person, 0–100.
        quality_filter: how clear a face must be, as QualityFilter of IndexFaces.
        jobs: photographs looked at in parallel; None for two for each core.
        attempts: calls of a server for one photograph, if it is busy or does not answer.

    Raises:
        SetupError: it cannot be asked, or has no such collection.
    """

    def __init__(
        self,
        settings: Settings,
        where: Where,
        threshold: float,
        quality_filter: str,
        jobs: int | None,
        *,
        attempts: int = ATTEMPTS,
    ) -> None:
        self._where, self._packs = where, settings.packs
        self._jobs = jobs or 2 * settings.cores
        self._calibration: Calibration | None = None
        if where.endpoint:
            if not where.collection:
                raise SetupError("Name the collection of that server with --collection.")
            api: Api = Remote(where.endpoint, where.profile, self._jobs, attempts)
        else:
            pack = app.open_pack(settings)
            self._calibration = pack.calibration
            if where.collection:
                api = local.of_store(settings, pack, alone=False, account=where.account or ACCOUNT)
            else:
                api = local.scratch(settings, pack)
        self._question = Question(api, where.collection or NOBODY, threshold, quality_filter)
        try:
            self._about = _described(api, self._question.collection, make=not where.collection)
        except BaseException:
            api.close()
            raise

    @property
    def question(self) -> Question:
        """What is asked of each photograph."""
        return self._question

    def prepare(self) -> None:
        """Loads here what the first photograph would load."""
        if isinstance(self._question.api, local.Local):
            self._question.api.prepare()

    def identity(self, source: Path) -> str:
        """Returns what the findings of a run depend on, besides the photographs."""
        question, facts = self._question, ["", ""]
        if self._where.collection:
            facts = [question.api.describe(), self._about["CollectionARN"], self._about["CreationTimestamp"]]
        return repr((
            str(source), *facts, self._about["FaceModelVersion"], question.threshold, question.quality_filter
        ))  # fmt: skip

    def look(self, files: Callable[[], Iterable[Path | Skipped]], journal: Journal) -> Counts:
        """Looks at the photographs among some files, which are walked twice.

        Raises:
            SetupError: the run cannot continue; what it saw is kept.
        """
        progress = Progress("photographs", sum(isinstance(each, Path) for each in files()))
        return looking.look(self._question, files(), journal, self._jobs, progress)

    def calibration(self) -> Calibration:
        """Returns the calibration of the pack that embeds the faces.

        Raises:
            SetupError: the server has a pack that is not known here.
        """
        if self._calibration:
            return self._calibration
        version = self._about["FaceModelVersion"]
        for entry in own.known(self._packs).values():
            if entry.model_version == version:
                return Calibration.from_far(entry.calibration)
        raise SetupError(f"The server's pack {version} is not known here, so unknown people cannot be told apart.")

    def close(self) -> None:
        """Closes the connections, or the store."""
        self._question.api.close()


def _described(api: Api, collection: str, *, make: bool) -> dict[str, Any]:
    try:
        if make:
            api.call("CreateCollection", {"CollectionId": collection})
        return api.call("DescribeCollection", {"CollectionId": collection})
    except ApiError as error:
        raise SetupError(f"The collection {collection} cannot be used: {error.message or error.code}") from None
