"""The errors that are no API's, and the root of those that are answered over the API."""


class SetupError(Exception):
    """mien cannot run as configured; the text is one plain sentence that says what to do."""


class FilmError(Exception):
    """A film or a camera cannot be read; the text is one plain sentence that says why."""


class ApiError(Exception):
    """Any error that is answered over the API.

    Attributes:
        code: the name that SDKs turn into an exception class.
        status: the HTTP status; 400 for a client's fault, 500 for a server's.
        default: AWS's own text if it is known; None if AWS sends no message.
    """

    code = "InternalServerError"
    status = 400
    default: str | None = None

    def __init__(self, message: str | None = None) -> None:
        self.message = message if message is not None else self.default
        super().__init__(self.message or self.code)
