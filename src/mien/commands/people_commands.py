"""Runs `mien people`: lists, names, merges and splits the people of a collection, in a store or through a server."""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

from mien.commands.packs import Command
from mien.config import Settings
from mien.errors import ApiError, SetupError

PEOPLE = """\
List, name, merge and split the people of a collection. A server may run on the store meanwhile; --endpoint does the
same through a server.

A PERSON is named by its name or by its UserId, a FACE by its FaceId. `unknown` shows the faces that nobody has named,
grouped by person; the id of a group is the FaceId of its oldest face, which `name --group` takes.
"""
PAUSE = 0.2  # seconds between two looks at groups that are still being made
PATIENCE = 3600.0  # seconds

Ask = Callable[..., dict[str, Any]]


def add_to(command: Command, again: argparse.ArgumentParser) -> None:
    """Adds the command.

    Args:
        command: makes a command's parser.
        again: the settings' flags without defaults, for the commands below it.
    """
    made = command("people", _run(_list), "list, name, merge and split the people of a collection")
    made.description, made.formatter_class = PEOPLE, argparse.RawDescriptionHelpFormatter
    made.add_argument("collection", metavar="COLLECTION")
    _add_server(made, None)
    _add_listing(made, "", "name")
    below = made.add_subparsers(title="commands", metavar="COMMAND")
    server = argparse.ArgumentParser(add_help=False)
    _add_server(server, argparse.SUPPRESS)

    def sub(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        parser = below.add_parser(name, parents=[again, server], help=text, description=text)
        parser.set_defaults(run=_run(run))
        return parser

    _add_listing(sub("list", _list, "list people, with their numbers of faces"), argparse.SUPPRESS, argparse.SUPPRESS)
    _add_changes(sub)
    _add_groups(sub)


def _add_changes(sub: Callable[..., argparse.ArgumentParser]) -> None:
    name = sub("name", _name, "say who faces are: makes the person, or adds the faces to one who is there")
    name.add_argument("name", metavar="NAME")
    name.add_argument("faces", metavar="FACE", nargs="*")
    name.add_argument("--group", metavar="ID", action="append", default=[], help="all faces of this group of `unknown`")
    same = name.add_mutually_exclusive_group()
    same.add_argument(
        "--join", dest="same", action="store_const", const="JOIN", help="the person of this name is meant"
    )
    same.add_argument(
        "--another", dest="same", action="store_const", const="ANOTHER", help="another person of the same name is meant"
    )
    rename = sub("rename", _rename, "give a person another name")
    rename.add_argument("person", metavar="PERSON")
    rename.add_argument("name", metavar="NAME")
    merge = sub("merge", _merge, "make several people one, who keeps the name of the first")
    merge.add_argument("person", metavar="PERSON")
    merge.add_argument("others", metavar="OTHER", nargs="+")
    split = sub("split", _split, "make some of a person's faces another person")
    split.add_argument("person", metavar="PERSON")
    split.add_argument("faces", metavar="FACE", nargs="+")
    split.add_argument("--name", help="of the other person (default: the same name)")
    remove = sub("remove", _remove, "take faces out of a person; they are nobody's then")
    remove.add_argument("person", metavar="PERSON")
    remove.add_argument("faces", metavar="FACE", nargs="+")
    faces = sub("faces", _faces, "list the faces of a person, those first that look unlike the rest")
    faces.add_argument("person", metavar="PERSON")


def _add_groups(sub: Callable[..., argparse.ArgumentParser]) -> None:
    unknown = sub("unknown", _unknown, "list the faces that nobody has named, grouped by person")
    unknown.add_argument("--hidden", action="store_true", help="list the hidden groups instead")
    for name, operation, text in (
        ("hide", "HideGroup", "hide a group of unknown faces"),
        ("show", "ShowGroup", "show a hidden group again"),
    ):
        sub(name, _about_group(operation), text).add_argument("group", metavar="ID")
    suggest = sub("suggest", _suggest, "list who may be one person: unknown faces and people, or two people")
    suggest.add_argument("person", metavar="PERSON", nargs="?")


def _add_server(made: argparse.ArgumentParser, default: Any) -> None:
    made.add_argument("--endpoint", metavar="URL", default=default, help="ask this server, with AWS's credentials")
    made.add_argument("--profile", metavar="NAME", default=default, help="the AWS profile, with --endpoint")
    made.add_argument("--account", default=default, help="the account that owns the collection: 12 digits")
    made.add_argument("--json", action="store_true", default=default or False, help="print JSON")


def _add_listing(made: argparse.ArgumentParser, contains: str, order: str) -> None:
    """Adds the flags of a listing with these defaults."""
    made.add_argument("--contains", metavar="TEXT", default=contains, help="only people whose name has this in it")
    made.add_argument("--sort", choices=("name", "faces", "newest"), default=order, help="the order (default name)")


def _run(work: Callable[[Ask, argparse.Namespace], tuple[Any, Iterator[str] | list[str]]]) -> Any:
    """Returns a command that asks a server or the operations in this process, and prints what `work` returns."""

    def run(settings: Settings, given: argparse.Namespace) -> None:
        with closing(_api(settings, given)) as api:

            def ask(operation: str, **members: Any) -> dict[str, Any]:
                wanted = {name: value for name, value in members.items() if value not in (None, "", [])}
                answer: dict[str, Any] = api.call(operation, {"CollectionId": given.collection} | wanted)
                return answer

            try:
                found, lines = work(ask, given)
            except ApiError as error:
                raise SetupError(str(error)) from None
            print(json.dumps(found, indent=2, ensure_ascii=False) if given.json else "\n".join(lines))

    return run


def _api(settings: Settings, given: argparse.Namespace) -> Any:
    from mien import app, local
    from mien.operations.context import ACCOUNT
    from mien.transfer.api import Remote

    if given.endpoint:
        return Remote(given.endpoint, given.profile, 1)
    return local.of_store(settings, app.open_pack(settings), alone=False, account=given.account or ACCOUNT)


def _list(ask: Ask, given: argparse.Namespace) -> tuple[Any, list[str]]:
    people = list(_all(ask, "ListPeople", "People", Contains=given.contains, SortBy=given.sort.upper()))
    return people, [_person(each) for each in people] or ["There is nobody."]


def _name(ask: Ask, given: argparse.Namespace) -> tuple[Any, list[str]]:
    from mien import naming

    faces = [*given.faces, *_grouped(ask, given.group)]
    known = next(_people(ask, given.name), None)
    if known and known["UserId"] == given.name and known["DisplayName"] != naming.normal(given.name):
        answer = ask("NamePerson", UserId=given.name, FaceIds=faces)  # an id, and no name that somebody is shown by
    else:
        answer = ask("NamePerson", DisplayName=given.name, FaceIds=faces, SameName=given.same)
    return answer, [
        f"{_person(answer['Person'])}; {_count(len(answer['AssociatedFaces']), 'face')} added",
        *_refused(answer["UnsuccessfulFaceAssociations"]),
    ]


def _rename(ask: Ask, given: argparse.Namespace) -> tuple[Any, list[str]]:
    answer = ask("UpdatePerson", UserId=_user(ask, given.person), DisplayName=given.name)
    return answer, [f"{answer['Before']['DisplayName']} is now {_person(answer['Person'])}"]


def _merge(ask: Ask, given: argparse.Namespace) -> tuple[Any, list[str]]:
    others = [_user(ask, each) for each in given.others]
    answer = ask("MergePeople", UserId=_user(ask, given.person), Others=others)
    return answer, [_person(answer["Person"])]


def _split(ask: Ask, given: argparse.Namespace) -> tuple[Any, list[str]]:
    answer = ask("SplitPerson", UserId=_user(ask, given.person), FaceIds=given.faces, DisplayName=given.name)
    return answer, [_person(answer["Person"]), *_refused(answer["UnsuccessfulFaceDisassociations"])]


def _remove(ask: Ask, given: argparse.Namespace) -> tuple[Any, list[str]]:
    answer = ask("RemoveFromPerson", UserId=_user(ask, given.person), FaceIds=given.faces)
    return answer, [_person(answer["Person"]), *_refused(answer["UnsuccessfulFaceDisassociations"])]


def _faces(ask: Ask, given: argparse.Namespace) -> tuple[Any, list[str]]:
    from mien.naming import shown

    found = list(_all(ask, "ListPersonFaces", "Faces", UserId=_user(ask, given.person)))
    lines = []
    for each in found:
        like = f"  similarity to the rest {each['Similarity']:.1f}" if "Similarity" in each else ""
        lines.append(f"{each['Face']['FaceId']}{like}  {shown(each['Face'].get('ExternalImageId', ''))}".rstrip())
    return found, lines


def _unknown(ask: Ask, given: argparse.Namespace) -> tuple[Any, list[str]]:
    _grouping_done(ask)
    groups = list(_all(ask, "ListGroups", "Groups", Hidden=given.hidden or None))
    return groups, [
        f"{each['GroupId']}  {_count(each['FaceCount'], 'face')} in {_count(each['Photographs'], 'photograph')}"
        for each in groups
    ] or ["There is nobody unknown."]


def _about_group(operation: str) -> Callable[[Ask, argparse.Namespace], tuple[Any, list[str]]]:
    def work(ask: Ask, given: argparse.Namespace) -> tuple[Any, list[str]]:
        _grouping_done(ask)
        return ask(operation, GroupId=given.group), []

    return work


def _suggest(ask: Ask, given: argparse.Namespace) -> tuple[Any, list[str]]:
    user = _user(ask, given.person) if given.person else None
    _grouping_done(ask)
    found = ask("ListSuggestions", UserId=user, MaxResults=100)["Suggestions"]
    return found, [_suggestion(each) for each in found] or ["There is nothing to suggest."]


def _suggestion(found: dict[str, Any]) -> str:
    other = found.get("OtherDisplayName")
    if other is None:
        other = f"the group {found['GroupId']} ({_count(found['FaceCount'], 'face')})"
    return f"similarity {found['Similarity']:.1f}: {found['DisplayName']} may be {other}"


def _all(ask: Ask, operation: str, member: str, **asked: Any) -> Iterator[dict[str, Any]]:
    """Yields the items of all pages of a listing."""
    token = None
    while True:
        answer = ask(operation, NextToken=token, **asked)
        yield from answer[member]
        token = answer.get("NextToken")
        if token is None:
            return


def _people(ask: Ask, text: str) -> Iterator[dict[str, Any]]:
    """Yields the people that a text means: the one with this UserId, or those of this name."""
    from mien import naming

    name = naming.normal(text)
    found = list(_all(ask, "ListPeople", "People"))
    yield from [each for each in found if each["DisplayName"] == name] or [
        each for each in found if each["UserId"] == text
    ]


def _user(ask: Ask, text: str) -> str:
    """Returns the UserId of the person that a text means."""
    found = [each["UserId"] for each in _people(ask, text)]
    if not found:
        raise SetupError(f"There is no person {text!r} in the collection.")
    if len(found) > 1:
        raise SetupError(f"{len(found)} people are called {text!r}; name one by its UserId: {', '.join(found)}.")
    return str(found[0])


def _grouped(ask: Ask, groups: list[str]) -> Iterator[str]:
    if groups:
        _grouping_done(ask)
    for group in groups:
        yield from (each["FaceId"] for each in _all(ask, "ListGroupFaces", "Faces", GroupId=group))


def _grouping_done(ask: Ask) -> None:
    """Waits until the groups are those of all faces."""
    end = time.monotonic() + PATIENCE
    while not ask("ListGroups", MaxResults=1)["Progress"]["Current"]:
        if time.monotonic() > end:
            raise SetupError("The faces were not grouped within an hour; are they changed all the time?")
        time.sleep(PAUSE)


def _person(person: dict[str, Any]) -> str:
    name, user = person["DisplayName"], person["UserId"]
    return f"{name}{'' if name == user else f' ({user})'}  {_count(person['FaceCount'], 'face')}"


def _refused(refused: list[dict[str, Any]]) -> list[str]:
    return [
        f"left out: {each['FaceId']} belongs to {each['UserId']}"
        if "UserId" in each
        else f"left out: {each['FaceId']} is not in the collection"
        for each in refused
    ]


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
