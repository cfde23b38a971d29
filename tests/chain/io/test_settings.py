"""Flag, then environment, then file, then default."""

from pathlib import Path

import pytest

from chain.io.settings import Settings, SettingsRefused, load_settings

FILES = {
    "chain.toml": 'grpc_port = 1\nhttp_port = 2\nblock_mode = "manual"\n',
    "chain.yaml": "grpc_port: 1\nhttp_port: 2\nblock_mode: manual\n",
    "chain.json": '{"grpc_port": 1, "http_port": 2, "block_mode": "manual"}',
}


@pytest.mark.parametrize("name", FILES)
def test_a_flag_wins_over_the_environment_and_that_over_the_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_text(FILES[name])
    monkeypatch.setenv("MESHKEEPER_CHAIN_GRPC_PORT", "3")
    monkeypatch.setenv("MESHKEEPER_CHAIN_HTTP_PORT", "4")
    settings = load_settings({"grpc_port": 5, "http_port": None}, tmp_path / name)
    assert (settings.grpc_port, settings.http_port, settings.block_mode) == (5, 4, "manual")
    assert settings.block_time_s == Settings().block_time_s


def test_the_database_is_sqlite_in_the_home_unless_said_otherwise(tmp_path: Path) -> None:
    assert load_settings({"home": tmp_path}).url == f"sqlite:///{tmp_path}/chain.db"
    assert load_settings({"database_url": "postgresql://x/y"}).url == "postgresql://x/y"


def test_a_home_may_begin_with_a_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    assert load_settings({"home": "~/chain"}).home == Path("/somewhere/chain")


@pytest.mark.parametrize(
    ("flags", "file", "text", "why"),
    [
        ({"grpc_port": 70_000}, "", "", "setting grpc_port"),
        ({"block_mode": "never"}, "", "", "setting block_mode"),
        ({"block_time_s": 0}, "", "", "setting block_time_s"),
        ({"checkpoint_blocks": 0}, "", "", "setting checkpoint_blocks"),
        ({}, "a.toml", "colour = 1", "no setting .colour"),
        ({}, "a.toml", "= =", "cannot read"),
        ({}, "a.json", "{", "cannot read"),
        ({}, "a.ini", "", "must end in"),
        ({}, "missing.toml", None, "cannot read .*missing.toml: No such file"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(
    flags: dict[str, object], file: str, text: str | None, why: str, tmp_path: Path
) -> None:
    if file and text is not None:
        (tmp_path / file).write_text(text)
    with pytest.raises(SettingsRefused, match=why):
        load_settings(flags, tmp_path / file if file else None)
