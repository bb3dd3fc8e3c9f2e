"""The events of StartFaceLivenessSession in both directions, as AWS's client for streams has them."""

from dataclasses import replace
from typing import Annotated, Any

import msgspec

from mien.liveness.challenge import LIGHT, Challenge
from mien.liveness.told import Rectangle, Shown, Told
from mien.operations.constraints import REQUIRED, Length, Pattern
from mien.operations.shapes import UUID_PATTERN, BoundingBox, Shape

Moment = Annotated[float, msgspec.Meta(ge=0, le=1e14)]  # ms since 1970, in which a difference stays a number of them
MOST_TOLD = 64  # events of the client that are no video; AWS's sends two, and one for each colour


class StartFaceLivenessSessionRequest(Shape):
    """What opens the stream; all members are text, since they come as headers or in a query."""

    session_id: Annotated[str, Pattern(UUID_PATTERN)] = REQUIRED
    video_width: Annotated[str, Pattern("[0-9]{1,5}")] = REQUIRED
    video_height: Annotated[str, Pattern("[0-9]{1,5}")] = REQUIRED
    challenge_versions: Annotated[str, Length(1, 256)] = REQUIRED


class VideoEvent(Shape):
    """A part of the film; an empty one ends it."""

    video_chunk: bytes = b""
    timestamp_millis: Moment | None = None


class FreshnessColor(Shape):
    """A colour as red, green and blue, 0–255."""

    rgb: Annotated[list[int], msgspec.Meta(min_length=3, max_length=3)] = msgspec.field(name="RGB")


class ColorDisplayed(Shape):
    """A colour that the client began to show."""

    current_color: FreshnessColor
    sequence_number: int
    current_color_start_timestamp: Moment


class InitialFace(Shape):
    """The face that the client first saw."""

    bounding_box: BoundingBox
    initial_face_detected_timestamp: Moment


class TargetFace(Shape):
    """The oval that the client asked for, and when the face was in it."""

    bounding_box: BoundingBox
    face_detected_in_target_position_start_timestamp: Moment
    face_detected_in_target_position_end_timestamp: Moment


class ClientChallenge(Shape):
    """What the client says that it did; the members of a challenge without colours are among them."""

    video_start_timestamp: Moment | None = None
    video_end_timestamp: Moment | None = None
    initial_face: InitialFace | None = None
    target_face: TargetFace | None = None
    color_displayed: ColorDisplayed | None = None


class ClientChallengeUnion(Shape):
    """The client's part of one challenge."""

    face_movement_and_light_challenge: ClientChallenge | None = None
    face_movement_challenge: ClientChallenge | None = None


class ClientSessionInformationEvent(Shape):
    """What the client says that it did, told in several events."""

    challenge: ClientChallengeUnion


def server_session_information(challenge: Challenge) -> bytes:
    """Returns the payload of the event that tells the client what to ask for."""
    oval, bars = challenge.oval, challenge.bars
    told: dict[str, Any] = {
        "OvalParameters": {
            "Width": oval.width,
            "Height": oval.height,
            "CenterX": oval.center_x,
            "CenterY": oval.center_y,
        },
        "ChallengeConfig": {
            "BlazeFaceDetectionThreshold": bars.detection,
            "FaceDistanceThresholdMin": bars.distance,
            "FaceDistanceThreshold": bars.distance,
            "FaceDistanceThresholdMax": 0.0,
            "OvalIouThreshold": bars.oval_iou,
            "OvalHeightWidthRatio": bars.oval_ratio,
            "OvalIouWidthThreshold": bars.oval_iou_side,
            "OvalIouHeightThreshold": bars.oval_iou_side,
            "FaceIouWidthThreshold": bars.face_iou_side,
            "FaceIouHeightThreshold": bars.face_iou_side,
            "OvalFitTimeout": bars.fit_ms,
        },
    }
    if challenge.kind == LIGHT:
        told["LightChallengeType"] = "SEQUENTIAL"
        told["ColorSequences"] = [
            {
                "FreshnessColor": {"RGB": [color.red, color.green, color.blue]},
                "DownscrollDuration": color.downscroll_ms,
                "FlatDisplayDuration": color.flat_ms,
            }
            for color in challenge.colors
        ]
    return msgspec.json.encode({"SessionInformation": {"Challenge": {challenge.kind: told}}})


def challenge_event(challenge: Challenge) -> bytes:
    """Returns the payload of the event that names the challenge."""
    return msgspec.json.encode({"Version": challenge.version, "Type": challenge.kind})


def disconnection(at_ms: int) -> bytes:
    """Returns the payload of the event that ends the stream."""
    return msgspec.json.encode({"TimestampMillis": at_ms})


def add(told: Told, event: ClientSessionInformationEvent, challenge: Challenge) -> Told:
    """Returns what a client told before with what it tells in a further event."""
    union = event.challenge
    more = union.face_movement_and_light_challenge or union.face_movement_challenge or ClientChallenge()
    changes: dict[str, Any] = {}
    if more.video_start_timestamp is not None:
        changes["video_start_ms"] = int(more.video_start_timestamp)
    if more.video_end_timestamp is not None:
        changes["video_end_ms"] = int(more.video_end_timestamp)
    if more.initial_face is not None:
        changes["initial_ms"] = int(more.initial_face.initial_face_detected_timestamp)
        changes["initial_face"] = _rectangle(more.initial_face.bounding_box, challenge)
    if more.target_face is not None:
        changes["target_start_ms"] = int(more.target_face.face_detected_in_target_position_start_timestamp)
        changes["target_end_ms"] = int(more.target_face.face_detected_in_target_position_end_timestamp)
        changes["target_face"] = _rectangle(more.target_face.bounding_box, challenge)
    if more.color_displayed is not None:
        shown = more.color_displayed
        at_ms = int(shown.current_color_start_timestamp)
        red, green, blue = shown.current_color.rgb
        changes["colors"] = (*told.colors, Shown(shown.sequence_number, red, green, blue, at_ms))
    return replace(told, **changes)


def _rectangle(box: BoundingBox, challenge: Challenge) -> Rectangle:
    """Returns a box of ratios in pixels of the video."""
    left, top = box.left * challenge.width, box.top * challenge.height
    return left, top, left + box.width * challenge.width, top + box.height * challenge.height
