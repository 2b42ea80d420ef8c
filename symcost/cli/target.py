"""``package.module:object`` and ``file.py:object`` -> the object."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import traceback
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from symcost.errors import LoadError


def load(target: str) -> Any:
    """The object that `target` names; its module is run as any import runs it.

    Raises:
        LoadError: the text names no object, the file or module does not import, or has no such object.

    Example:
        >>> load("fractions:Fraction.numerator").__class__.__name__
        'property'
    """
    place, colon, path = target.rpartition(":")
    if not colon or not place or not path:
        raise LoadError(
            f"{target!r} names no object",
            todo=f"write module:object or file.py:object, such as {_guess(target)}",
        )
    is_file = place.endswith(".py") or os.sep in place
    module = _from_file(Path(place)) if is_file else _from_module(place)
    found: Any = module
    for i, name in enumerate(path.split(".")):
        if not hasattr(found, name):
            raise _no_attribute(found, name, place, path.split(".")[:i])
        found = getattr(found, name)
    return found


def _guess(target: str) -> str:
    place = target.strip(":") or "model.py"
    return (
        f"{place}:Net"
        if place.endswith(".py") or "." not in place
        else f"{place.rpartition('.')[0]}:{place.rpartition('.')[2]}"
    )


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        near = [p.name for p in path.parent.glob("*.py")] if path.parent.is_dir() else []
        close = get_close_matches(path.name, near, n=2, cutoff=0.4)
        raise LoadError(
            f"there is no file {str(path)!r}",
            where=f"looked in {path.parent.resolve()}",
            todo=f"did you mean {' or '.join(str(path.parent / name) for name in close)}?"
            if close
            else "give the path of a Python file",
        )
    # as `python file.py` does, so that the file finds its neighbours
    sys.path.insert(0, str(path.parent.resolve()))
    # a file called copy.py must not take the place of a module that others import
    name = path.stem if path.stem not in sys.modules else f"{path.stem}_of_{path.parent.resolve().name}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise LoadError(f"{str(path)!r} is not a Python file", todo="give a file whose name ends in .py")
    module = importlib.util.module_from_spec(spec)
    # classes look for their module by name (dataclasses among them)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[spec.name]
        raise _fails(str(path), error) from error
    return module


def _from_module(name: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        # as `python -m` does
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if name != missing and not name.startswith(f"{missing}."):
            raise _fails(name, error) from error
        file = Path(*name.split(".")).with_suffix(".py")
        raise LoadError(
            f"there is no module {missing!r}" + (f", so {name!r} does not import" if missing != name else ""),
            where=f"looked in {here} and in the packages of {sys.executable}",
            todo=f"install it, or give a file: {file}:object" if not file.exists() else f"give the file: {file}:object",
        ) from error
    except Exception as error:
        raise _fails(name, error) from error


def _fails(place: str, error: Exception) -> LoadError:
    """The user's own code failed while it was imported; the error says where."""
    if isinstance(error, SyntaxError) and error.filename:
        where = f"{error.filename}:{error.lineno}"
    else:
        last = [f for f in traceback.extract_tb(error.__traceback__) if "importlib" not in f.filename]
        last = [f for f in last if f.filename != __file__]
        where = f"{last[-1].filename}:{last[-1].lineno}" if last else place
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    return LoadError(
        f"{place} does not import: {type(error).__name__}: {message}",
        where=where,
        todo="make this line run in Python first; --debug shows the whole traceback",
    )


def _no_attribute(owner: Any, name: str, place: str, before: list[str]) -> LoadError:
    public = [n for n in vars(owner) if not n.startswith("_")] if hasattr(owner, "__dict__") else []
    defined = [n for n in public if getattr(getattr(owner, n), "__module__", None) == getattr(owner, "__name__", "")]
    close = get_close_matches(name, public, n=2, cutoff=0.4)
    whole = ".".join([*before, name])
    if close:
        todo = f"did you mean {' or '.join(f'{place}:' + '.'.join([*before, n]) for n in close)}?"
    elif defined:
        todo = f"it defines {', '.join(defined[:8])}"
    else:
        todo = "give the name of a module, class or function that it defines"
    return LoadError(f"{place} has no {whole!r}", where=getattr(owner, "__file__", None) or place, todo=todo)
