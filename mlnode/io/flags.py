"""Every setting as an option of the command line: a field of `Settings` and its docstring are enough."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import typer
from pydantic.fields import FieldInfo

from mlnode.io.settings import Settings

Command = TypeVar("Command", bound=Callable[..., None])


def take_settings(command: Command) -> Command:
    """Give a command with `**flags` an option for each setting; one that is not used arrives as None."""
    signature = inspect.signature(command)
    kept = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    options = [_make_option(key, field) for key, field in Settings.model_fields.items()]
    vars(command)["__signature__"] = signature.replace(parameters=[*kept, *options])
    return command


def _make_option(key: str, field: FieldInfo) -> inspect.Parameter:
    option: Any = typer.Option(help=_make_help(field))
    return inspect.Parameter(
        key,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[_find_type(field), option],
    )


def _find_type(field: FieldInfo) -> Any:
    """What the shell can check before the settings do: switches, numbers, repeatable options, text."""
    if field.annotation in (bool, int, float):
        return field.annotation | None
    default = field.get_default(call_default_factory=True)
    return list[str] | None if isinstance(default, (tuple, dict)) else str | None


def _make_help(field: FieldInfo) -> str:
    """The field's docstring, and its default where there is any."""
    default = field.get_default(call_default_factory=True)
    shown = f" [{str(default).lower() if isinstance(default, bool) else default}]"
    return " ".join((field.description or "").split()) + ("" if default in ("", (), {}) else shown)
