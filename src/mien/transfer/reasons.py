"""Puts the API's reasons and errors into sentences, for the report of an import and for the terminal."""

import re
from collections.abc import Mapping

from mien.errors import ApiError, ImageTooLargeError, InvalidImageFormatError, InvalidParameterError

UNLIKE = "LOW_MATCH_CONFIDENCE"  # of a face that was not given to its user
BYSTANDER = "EXCEEDS_MAX_FACES"  # of a face that nobody asked for
USER_FULL = "USER_FULL"
SENTENCES: Mapping[str, str] = {
    "NO_FACE": "No face was found.",
    "EXTREME_POSE": "The head is turned too far.",
    "LOW_BRIGHTNESS": "The face is too dark.",
    "LOW_SHARPNESS": "The face is blurred.",
    "LOW_CONFIDENCE": "It may not be a face.",
    "SMALL_BOUNDING_BOX": "The face is too small.",
    "LOW_FACE_QUALITY": "The face has too little contrast.",
    BYSTANDER: "The photograph has better faces.",
    UNLIKE: "The face is unlike the others of this user; it is in the collection without a user.",
    "ASSOCIATED_TO_A_DIFFERENT_USER": "The face belongs to another user.",
    "FACE_NOT_FOUND": "The face was deleted meanwhile.",
    USER_FULL: "The user has as many faces as the API allows (100); the face is in the collection without a user.",
}
_ERRORS: Mapping[str, str] = {
    "ThrottlingException": "The server was too busy; run the import again.",
    "ProvisionedThroughputExceededException": "The access key's rate was used up; run the import again.",
    "InternalServerError": "The server failed, and its log says why; run the import again.",
}
_OWN_WORDS: Mapping[str, tuple[str | None, str]] = {  # of errors whose message may say more than AWS's own
    "InvalidImageFormatException": (InvalidImageFormatError.default, "The photograph is damaged or cut short."),
    "ImageTooLargeException": (ImageTooLargeError.default, "The photograph is too large."),
    "InvalidParameterException": (InvalidParameterError.default, "A side of the photograph has fewer than 80 pixels."),
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def sentence(reason: str) -> str:
    """Returns a reason of the API as a sentence; anything else as it is."""
    return SENTENCES.get(reason, reason)


def of_error(error: ApiError) -> str:
    """Returns an error of the API as a sentence."""
    if known := _ERRORS.get(error.code):
        return known
    said, own = (error.message or error.code).strip(), _OWN_WORDS.get(error.code)
    if own and said == own[0]:
        return own[1]
    return said if said.endswith((".", "!", "?")) else f"{said}."


def printable(text: str) -> str:
    """Returns a text for a terminal: control characters, and those that change the order of writing, are escaped."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
