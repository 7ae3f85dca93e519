"""What a schema of pydantic models says of a place in a file, above all whether a secret may stand there.

It looks at types only: it reads no file and validates nothing.
"""

from __future__ import annotations

from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from agent.fields import SecretRef
from agent.mistakes import Path

_SECRET_KEYS = frozenset({"community", "password", "secret", "token", "basic_auth_users"})


def _branches(annotation: Any) -> list[Any]:
    """The kinds that a value may have: a union's branches, without Annotated."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _branches(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [kind for branch in get_args(annotation) for kind in _branches(branch)]
    return [annotation]


def is_model(kind: Any) -> bool:
    """Whether a kind of value is keys and values with a schema of their own."""
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def is_secret(kind: Any) -> bool:
    """Whether a kind of value is a reference to a secret."""
    return isinstance(kind, type) and issubclass(kind, SecretRef)


def kinds_of_fields(models: list[Any], *, required: bool = False) -> list[Any]:
    """The kinds that stand directly below these models; with `required`, of the keys that must be given."""
    fields = [field for kind in models if is_model(kind) for field in kind.model_fields.values()]
    return [kind for f in fields if f.is_required() or not required for kind in _branches(f.annotation)]


def _below(kind: Any, part: str | int) -> list[Any]:
    if is_model(kind):
        field = kind.model_fields.get(str(part))
        return [] if field is None else _branches(field.annotation)
    args = [arg for arg in get_args(kind) if arg is not Ellipsis]
    if not args:
        return []
    return _branches(args[-1] if isinstance(part, str) or part >= len(args) else args[part])


def branches_at(model: type[BaseModel], path: Path) -> list[Any]:
    """The kinds that a value at that place may have; none where the schema has no such place."""
    kinds: list[Any] = [model]
    for part in path:
        kinds = [below for kind in kinds for below in _below(kind, part)]
    return kinds


def is_in_secret(model: type[BaseModel], path: Path) -> bool:
    """Whether a place is that of a secret's reference, or below it."""
    if not _SECRET_KEYS.isdisjoint(path):
        return True
    above = (branches_at(model, path[:depth]) for depth in range(len(path) + 1))
    return any(is_secret(kind) for kinds in above for kind in kinds)


def shown_path(model: type[BaseModel], path: Path) -> Path:
    """A path up to where its keys may be secrets themselves."""
    for depth, part in enumerate(path):
        models = [kind for kind in branches_at(model, path[:depth]) if is_model(kind)]
        strange = bool(models) and not any(part in kind.model_fields for kind in models)
        if is_in_secret(model, path[:depth]) or (strange and any(map(is_secret, kinds_of_fields(models)))):
            return path[:depth]
        if strange:
            return path[: depth + 1]
    return path


def is_hidden(model: type[BaseModel], path: Path) -> bool:
    """Whether a wrong value may be a secret.

    It is one's reference, or stands beside one that must be given (the two are easily swapped), or stands
    where keys belong and one of them is a secret's.
    """
    here, above = branches_at(model, path), branches_at(model, path[:-1])
    beside = any(is_secret(kind) for kind in kinds_of_fields(above, required=True))
    return beside or _holds_secrets(here, set()) or is_in_secret(model, path)


def _holds_secrets(kinds: list[Any], seen: set[Any]) -> bool:
    for kind in kinds:
        if is_secret(kind):
            return True
        inner = kinds_of_fields([kind]) or [below for arg in get_args(kind) for below in _branches(arg)]
        if kind not in seen and inner:
            seen.add(kind)
            if _holds_secrets(inner, seen):
                return True
    return False
