"""library add | list | forget | search: the documents that can be reopened at once."""

from __future__ import annotations

import click

from slimlm.cli import render, schema
from slimlm.cli.app import App
from slimlm.cli.inputs import open_inputs
from slimlm.cli.interrupt import stoppable
from slimlm.cli.lines import line
from slimlm.cli.options import Group, with_app, yes_option
from slimlm.errors import NotInLibraryError, UsageError


@click.group(cls=Group)
def library() -> None:
    """Keep documents on this device and reopen them by name."""


@library.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@with_app
def add(app: App, files: tuple[str, ...]) -> None:
    """Read documents and keep them."""
    with app.assistant() as assistant, stoppable() as cancel:
        inputs = open_inputs(app, assistant, files, cancel)
        ids = {item.document.id for item in inputs}
        entries = [entry for entry in assistant.library.list() if entry.id in ids]
        if app.flags.as_json:
            app.output.data({"documents": schema.library(entries)})
        else:
            app.output.show(render.library(entries))


@library.command("list")
@with_app
def list_(app: App) -> None:
    """List the documents, the last opened first."""
    with app.assistant() as assistant:
        entries = assistant.library.list()
        if app.flags.as_json:
            app.output.data({"documents": schema.library(entries)})
        elif entries:
            app.output.show(render.library(entries))
        else:
            app.output.show([line("The library is empty. Every document that you open is kept in it.", "dim")])


@library.command()
@click.argument("refs", nargs=-1, required=True, metavar="NAME...")
@yes_option("Do not ask.")
@with_app
def forget(app: App, refs: tuple[str, ...]) -> None:
    """Remove documents from the library: text, index, summaries, saved model states. The files themselves stay.

    NAME is a document's name or the beginning of its id, as `slimlm library list` shows them.
    """
    with app.assistant() as assistant:
        ids = {}
        for ref in refs:  # all of them exist, before any is removed
            document = assistant.library.get(ref)
            ids[document.id] = document.name
        if not app.assume_yes:
            if not app.output.can_ask:
                raise UsageError("Nothing was forgotten: it takes your consent.", "Run it with --yes.")
            names = ", ".join(ids.values())
            if not app.output.confirm(f"Forget {names}?", default=False):
                app.output.show([line("Nothing was forgotten.")])
                return
        entries = [assistant.library.forget(key) for key in ids]
        if app.flags.as_json:
            app.output.data({"forgotten": schema.library(entries)})
        else:
            app.output.show([line(f"Forgotten: {entry.name}") for entry in entries])


@library.command()
@click.argument("query", metavar='"WORDS"')
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="How many passages.")
@with_app
def search(app: App, query: str, limit: int) -> None:
    """Find passages in every document of the library."""
    if not query.strip():
        raise UsageError("Search for what?", 'For example: slimlm library search "notice period".')
    with app.assistant() as assistant:
        if not assistant.library.list():
            raise NotInLibraryError("The library is empty.", "Add a document: `slimlm library add FILE`.")
        found = assistant.library.search(query, limit)
        if app.flags.as_json:
            app.output.data({"query": query, "results": [schema.citation(citation) for citation in found]})
        else:
            app.output.show(render.results(found))
