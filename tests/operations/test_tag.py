"""Tags on a collection, named by its ARN in both of the forms that AWS gives."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.live import Live


@pytest.fixture
def made(live: Live) -> Iterator[tuple[Any, str, Any]]:
    """A client, a collection's name, and what CreateCollection answered; it has one tag."""
    client, name = live.client(), f"tags-{uuid4()}"
    yield client, name, client.create_collection(CollectionId=name, Tags={"team": "a"})
    client.delete_collection(CollectionId=name)


def tags(client: Any, arn: str) -> dict[str, str]:
    return dict(client.list_tags_for_resource(ResourceArn=arn)["Tags"])


def test_both_forms_of_an_arn_name_the_collection(made: tuple[Any, str, Any]) -> None:
    client, name, answer = made
    short, whole = answer["CollectionArn"], client.describe_collection(CollectionId=name)["CollectionARN"]
    assert short == f"aws:rekognition:us-east-1:000000000000:collection/{name}"
    assert whole == f"arn:{short}"
    for number, arn in enumerate((short, whole, whole.replace("us-east-1", "eu-west-2"))):
        client.tag_resource(ResourceArn=arn, Tags={f"k{number}": "v"})
    assert tags(client, short) == tags(client, whole) == {"team": "a", "k0": "v", "k1": "v", "k2": "v"}


def test_tags_are_merged_overwritten_and_taken_away(made: tuple[Any, str, Any]) -> None:
    client, _, answer = made
    arn = answer["CollectionArn"]
    client.tag_resource(ResourceArn=arn, Tags={"team": "b", "größe": "12 m", "empty": ""})
    assert tags(client, arn) == {"team": "b", "größe": "12 m", "empty": ""}
    client.untag_resource(ResourceArn=arn, TagKeys=["team", "never there"])
    assert tags(client, arn) == {"größe": "12 m", "empty": ""}
    client.tag_resource(ResourceArn=arn, Tags={})
    client.untag_resource(ResourceArn=arn, TagKeys=[])
    assert tags(client, arn) == {"größe": "12 m", "empty": ""}
    client.untag_resource(ResourceArn=arn, TagKeys=["größe", "empty"])
    assert tags(client, arn) == {}


def test_two_hundred_tags_are_not_too_many(live: Live) -> None:
    client, name = live.client(), f"tags-{uuid4()}"
    many = {"k" * 125 + f"{number:03}": "v" * 256 for number in range(200)}
    arn = client.create_collection(CollectionId=name, Tags=many)["CollectionArn"]
    assert tags(client, arn) == many
    client.tag_resource(ResourceArn=arn, Tags=dict.fromkeys(many, "new"))
    assert set(tags(client, arn).values()) == {"new"}
    client.delete_collection(CollectionId=name)


def test_a_collection_made_again_has_no_old_tags(live: Live) -> None:
    client, name = live.client(), f"tags-{uuid4()}"
    arn = client.create_collection(CollectionId=name, Tags={"old": "tag"})["CollectionArn"]
    client.delete_collection(CollectionId=name)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        tags(client, arn)
    client.create_collection(CollectionId=name)
    assert tags(client, arn) == {}
    client.delete_collection(CollectionId=name)
