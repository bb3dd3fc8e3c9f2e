"""Settings come from a flag, else a variable, else the file, else the default; what is not a setting is refused."""

import dataclasses
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mien import config
from mien.errors import SetupError
from tests.live import command, environment


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mien.toml"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings file of the repository's own is read."""
    monkeypatch.chdir(tmp_path)


def load(file: Path | None = None, flags: dict[str, Any] | None = None, **environ: str) -> config.Settings:
    return config.load(flags or {}, environ | ({"MIEN_CONFIG": str(file)} if file else {}))


def test_the_fields_are_the_rows_of_the_table() -> None:
    assert [field.name for field in dataclasses.fields(config.Settings)] == [row.name for row in config.TABLE]


def test_without_anything_said_every_setting_has_its_default() -> None:
    settings = load()
    for row in config.TABLE:
        assert getattr(settings, row.name) == row.default


@pytest.mark.parametrize("row", config.TABLE, ids=lambda row: str(row.name))
def test_every_setting_can_be_given_in_every_place_and_the_nearest_wins(row: config.Setting, file: Path) -> None:
    others = ["1", "true", "0"] if row.type is bool else ["1", "2", "3"]
    texts = [*row.choices, *row.choices][:3] or others
    in_file, in_environment, as_flag = texts
    quoted = in_file if row.type is int else f'"{in_file}"'
    file.write_text(f"{row.name} = {quoted}\n")

    def value(**given: Any) -> Any:
        return getattr(load(file, **given), row.name)

    assert value() == row.parse(in_file, "")
    assert value(**{row.variable: in_environment}) == row.parse(in_environment, "")
    assert value(**{row.variable: in_environment}, flags={row.name: as_flag}) == row.parse(as_flag, "")
    assert value(flags={row.name: as_flag}) == row.parse(as_flag, "")


def test_what_somebody_chose_is_told_from_a_default(file: Path) -> None:
    file.write_text('host = "::1"\n')
    chosen = config.given({"pack": "retail", "port": None}, {"MIEN_CONFIG": str(file), "MIEN_THREADS": "2"})
    assert chosen == {"pack": "retail", "host": "::1", "threads": 2}


def test_a_setting_that_follows_from_others_is_unset_by_default() -> None:
    assert load().allow_noncommercial is None
    assert load(MIEN_ALLOW_NONCOMMERCIAL="no").allow_noncommercial is False


def test_numbers_are_numbers_wherever_they_come_from(file: Path) -> None:
    file.write_text("port = 1000\n")
    assert load(file).port == 1000
    assert load(MIEN_PORT="2000").port == 2000
    assert load(flags={"port": "3000"}).port == 3000


def test_a_flag_that_was_not_given_changes_nothing() -> None:
    assert load(flags={"port": None, "host": None}, MIEN_PORT="99").port == 99


def test_a_file_in_the_working_directory_is_read(tmp_path: Path) -> None:
    (tmp_path / "mien.toml").write_text('host = "0.0.0.0"\n')
    assert load().host == "0.0.0.0"


def test_an_unknown_setting_in_the_file_is_refused_by_name(file: Path) -> None:
    file.write_text("prot = 6436\n")
    with pytest.raises(SetupError, match="unknown setting: prot"):
        load(file)


def test_an_unknown_variable_is_refused_by_name() -> None:
    with pytest.raises(SetupError, match="MIEN_PROT"):
        load(MIEN_PROT="1")


def test_variables_of_others_are_passed_over() -> None:
    assert load(MIENNE="1", PORT="1", AWS_REGION="x").port == 6436


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"MIEN_PORT": "many"}, "MIEN_PORT must be a whole number, not 'many'"),
        ({"MIEN_LOG_LEVEL": "loud"}, "MIEN_LOG_LEVEL must be one of debug, info, warning, error"),
        ({"flags": {"port": "6436.5"}}, "--port must be a whole number"),
        ({"flags": {"log_level": "LOUD"}}, "--log-level must be one of"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_with_its_place(given: dict[str, Any], words: str) -> None:
    with pytest.raises(SetupError, match=words):
        load(**given)


def test_a_wrong_value_in_the_file_names_the_file(file: Path) -> None:
    file.write_text('port = "many"\n')
    with pytest.raises(SetupError, match=r"port in .*mien\.toml must be a whole number"):
        load(file)


def test_a_named_file_that_is_not_there_is_refused(file: Path) -> None:
    with pytest.raises(SetupError, match="does not exist"):
        load(file)


@pytest.mark.parametrize("content", [b"port = ", b"\xff\xfe\x00"])
def test_a_file_that_is_no_toml_is_refused_in_one_sentence(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(SetupError, match="cannot be read") as caught:
        load(file)
    assert "\n" not in str(caught.value).strip()


def test_threads_are_counted_when_none_are_named() -> None:
    assert load().cores >= 1
    assert load(MIEN_THREADS="3").cores == 3


@pytest.mark.parametrize(
    ("arguments", "variables", "words"),
    [
        (("serve",), {"MIEN_PROT": "1"}, "MIEN_PROT"),
        (("serve", "--port", "many"), {}, "--port"),
        (("serve", "--pack", "nobodys"), {}, "There is no pack named nobodys"),
        (("serve", "--store", "oracle://x"), {}, "The store oracle: is not known"),
        (("packs", "install", "nobodys"), {}, "There is no pack named nobodys"),
    ],
)
def test_the_command_says_what_is_wrong_in_one_sentence_and_exits_with_1(
    tmp_path: Path, arguments: tuple[str, ...], variables: dict[str, str], words: str
) -> None:
    ran = subprocess.run(
        command(*arguments, "--data", str(tmp_path / "data")),
        capture_output=True, text=True, timeout=30, check=False, cwd=tmp_path, env=environment(**variables),
    )  # fmt: skip
    assert ran.returncode == 1
    assert words in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert "Traceback" not in ran.stderr


def test_wrong_usage_exits_with_2(tmp_path: Path) -> None:
    ran = subprocess.run(
        command("serve", "--prot", "1"), capture_output=True, text=True, check=False, cwd=tmp_path, env=environment()
    )
    assert ran.returncode == 2
    assert "--prot" in ran.stderr
