"""What an operator can set, where it may stand, what is refused, and that the page tells all of it."""

import json
import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
import typer.main
from pydantic import ValidationError

from mlnode.__main__ import _describe_invalid, app
from mlnode.io.settings import Settings, load_settings

README = Path(__file__).parents[3] / "mlnode" / "README.md"


def test_the_page_names_every_setting_with_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    rows = re.findall(r"^\| `--([a-z-]+)` \| (.+?) \| .+ \|$", README.read_text("utf-8"), re.MULTILINE)
    shown = {name.replace("-", "_"): default.strip("`") for name, default in rows}
    assert list(shown) == list(Settings.model_fields)
    actual = {key: _show(value) for key, value in Settings().model_dump(mode="json").items()}
    assert actual == shown


def _show(value: object) -> str:
    if isinstance(value, (bool, int)):
        return str(value).lower()
    return str(value).replace("/home/me", "~") if value else "none"


def test_without_a_home_directory_a_path_must_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "~")
    with pytest.raises(ValidationError, match="give an absolute path"):
        load_settings({})
    given = {"home": "/x", "models_dir": "/y", "cache_dir": "/z"}
    assert load_settings(given).home == Path("/x")


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("x.toml", "slots = [", "no toml"),
        ("x.yaml", "slots: [1", "no yaml"),
        ("x.json", '{"slots":', "no json"),
        ("x.json", "[1]", "not a list"),
        ("x.yml", "just words", "not a str"),
        ("x.toml", "", ""),
        ("x.ini", "slots=1", "must end in"),
    ],
)
def test_a_file_that_holds_no_settings_is_refused_by_its_name(
    tmp_path: Path, name: str, text: str, word: str
) -> None:
    (tmp_path / name).write_text(text)
    if not word:
        assert load_settings({}, tmp_path / name).slots == 1
        return
    with pytest.raises(ValueError, match=word) as refused:
        load_settings({}, tmp_path / name)
    assert str(tmp_path / name) in str(refused.value)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"slotz": 1}, "slotz"),
        ({"slots": 0}, "slots"),
        ({"port": 70000}, "port"),
        ({"alias": "a.gguf"}, "ID=NAME"),
        ({"model_ttl": "a.gguf"}, "ID=SECONDS"),
        ({"model_ttl": "a.gguf=soon"}, "ID=SECONDS"),
        ({"max_wait_ms": 0}, "max_wait_ms"),
        ({"max_body_bytes": 2**30}, "max_body_bytes"),
        ({"vram_budget_mb": 64}, "leaves nothing"),
        ({"vram_budget_mb": "0=9000,1=64"}, "leaves nothing"),
        ({"vram_budget_mb": "much"}, "a number of MiB"),
        ({"vram_budget_mb": "0=1000,0=2000"}, "two budgets"),
        ({"vram_budget_mb": -1}, "negative"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(given: dict[str, object], word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        load_settings(given)


def test_the_same_keys_in_toml_yaml_and_json(tmp_path: Path) -> None:
    texts = {
        "x.toml": 'slots = 3\npreload = "a,b"\nalias = {nick = "a.gguf"}\n',
        "x.yaml": "slots: 3\npreload: [a, b]\nalias: {nick: a.gguf}\n",
        "x.json": '{"slots": 3, "preload": ["a", "b"], "alias": "a.gguf=nick"}',
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        settings = load_settings({}, tmp_path / name)
        assert (settings.slots, settings.preload, settings.alias) == (3, ("a", "b"), {"nick": "a.gguf"})


def test_a_budget_is_one_number_or_one_for_each_device(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"vram_budget_mb": {"0": 20000, "1": 8000}}')
    assert load_settings({}, tmp_path / "x.json").vram_budget_mb == {0: 20000, 1: 8000}
    assert load_settings({"vram_budget_mb": "0=20000,1=8000"}).vram_budget_mb == {0: 20000, 1: 8000}
    assert load_settings({"vram_budget_mb": "20000"}).vram_budget_mb == 20000


def _other(key: str) -> object:
    """A value of the setting that is not its default, as a file would hold it."""
    field = Settings.model_fields[key]
    default = Settings().model_dump(mode="json")[key]
    if get_origin(field.annotation) is Literal:
        return next(word for word in get_args(field.annotation) if word != default)
    if isinstance(default, bool):
        return not default
    if isinstance(default, (int, float)):
        return default + 1 if key != "vram_budget_mb" else 1000
    if isinstance(default, list):
        return ["x.gguf", "y.gguf"]
    if isinstance(default, dict):
        return {"nick": "x.gguf"} if key == "alias" else {"x.gguf": 90}
    return "/else/where" if field.annotation is Path else "something"


def _as_text(value: object) -> str:
    """The same for a flag and for the environment."""
    if isinstance(value, dict):
        pairs = ((b, a) if isinstance(b, str) else (a, b) for a, b in value.items())
        return ",".join(f"{id}={other}" for id, other in pairs)
    return ",".join(value) if isinstance(value, list) else str(value).lower()


def _flags(*arguments: str) -> dict[str, Any]:
    """What the command line makes of these arguments."""
    group: Any = typer.main.get_command(app)
    serve = group.get_command(group.make_context("mlnode", [], resilient_parsing=True), "serve")
    given = serve.make_context("serve", [*arguments]).params
    return {key: value for key, value in given.items() if value is not None}


def _switch(key: str, value: object) -> list[str]:
    name = key.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    return [f"--{name}", _as_text(value)]


@pytest.mark.parametrize("key", Settings.model_fields)
def test_each_setting_is_a_flag_a_variable_and_a_key_and_they_win_in_this_order(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    default, value = Settings().model_dump(mode="json")[key], _other(key)
    variable = f"MESHKEEPER_MLNODE_{key.upper()}"
    config = tmp_path / "node.json"

    def read(flags: dict[str, Any]) -> object:
        return load_settings(flags, config).model_dump(mode="json")[key]

    config.write_text(json.dumps({key: value}))
    assert read({}) == value
    monkeypatch.setenv(variable, _as_text(default))
    assert read({}) == default
    assert read(_flags(*_switch(key, value))) == value
    config.write_text("{}")
    monkeypatch.setenv(variable, _as_text(value))
    assert read({}) == value


@pytest.mark.parametrize("key", Settings.model_fields)
def test_a_wrong_value_gets_one_sentence_that_names_the_flag(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"MESHKEEPER_MLNODE_{key.upper()}", "~nobody-is-called-so/=,-7.5=")
    try:
        load_settings({})
    except ValidationError as error:
        sentence = _describe_invalid(error)
        flag = f"--{key.replace('_', '-')}"
        assert sentence.startswith((f"{flag}: ", f"{flag} must "))
        assert sentence.endswith(".")
        assert len(sentence.splitlines()) == 1
    else:
        assert type(Settings.model_fields[key].get_default(call_default_factory=True)) in (str, tuple)


def test_what_may_be_repeated_is_taken_together() -> None:
    given = _flags("--preload", "a,b", "--preload", "c", "--alias", "x=y", "--alias", "z=v")
    settings = load_settings(given)
    assert settings.preload == ("a", "b", "c")
    assert settings.alias == {"y": "x", "v": "z"}
