"""Files of answers and figures, about what the address of a page says."""

from collections.abc import Callable, Iterator
from os import SEEK_END
from tempfile import TemporaryFile
from typing import IO

from flask import Response, abort, request
from flask.typing import ResponseReturnValue

from surveyapp import audit, export_words, exports
from surveyapp.core.access import Permission, Viewer
from surveyapp.core.deeds import Deed
from surveyapp.core.errors import FieldError, NotAllowedError
from surveyapp.export_files import Format
from surveyapp.exports import Singles, Table
from surveyapp.problems import field_sentence
from surveyapp.web.admin import filters, guard
from surveyapp.web.admin.filters import Chosen
from surveyapp.web.admin.frame import render
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("exports")

PIECE = 8 * 1024 * 1024
"""A file of this size leaves the thread at once, however slow the line; only larger ones hold it."""


@bp.get("/export/answers.<form>")
@guard.needs(Permission.EXPORT)
def answers(form: str) -> ResponseReturnValue:
    """Every answer that the filter lets through, as far as this person sees it; noted in the log."""
    return _singles(Singles.ANSWERS, form)


@bp.get(f"/export/<any({', '.join([*Table, Singles.COMMENTS, Singles.UNCONVINCED])}):table>.<form>")
@guard.needs(Permission.FIGURES)
def figures(table: str, form: str) -> ResponseReturnValue:
    """A table of figures, the very ones that the pages show; with ?compare=previous also the changes.

    Tables of single answers are for those who may export these, and noted in the log.
    """
    if table in set(Singles):
        return _singles(Singles(table), form)
    kind, about = _format(form), filters.chosen()
    if about.problem:
        return _refused(about.problem)
    wanted = Table(table)

    def fill(file: IO[bytes]) -> None:
        with parts().database.reading() as session:
            rows = exports.table(
                session,
                parts().settings,
                about.reader,
                about.filter,
                wanted,
                by=about.by,
                grain=about.grain,
                now=parts().clock(),
                is_compared=request.args.get("compare") == "previous",
            )
        exports.write_table(file, kind, parts().settings, wanted, rows, _header(kind))

    return _file(table, kind, about, fill)


def _singles(wanted: Singles, form: str) -> ResponseReturnValue:
    kind, about = _format(form), filters.chosen()
    settings, viewer, database = parts().settings, guard.viewer(), parts().database
    needed = [Permission.EXPORT, *([Permission.COMMENTS] if wanted is Singles.COMMENTS else [])]
    if about.reader.is_bound or not all(map(viewer.may, needed)):
        raise NotAllowedError("Files of single answers are not for this person.")
    if about.problem:
        return _refused(about.problem)
    header = _header(kind)

    def fill(file: IO[bytes]) -> None:
        if wanted is Singles.UNCONVINCED:
            n = exports.write_unconvinced(file, kind, database, settings, viewer, about.filter, header)
        else:
            n = exports.write_answers(
                file,
                kind,
                database,
                settings,
                about.reader,
                exports.sees(viewer, settings.own.agent_figures),
                about.filter,
                header,
                is_commented=wanted is Singles.COMMENTS,
            )
        _note(viewer, wanted, kind, n)

    return _file(wanted, kind, about, fill)


def _format(said: str) -> Format:
    if said not in set(Format):
        abort(404)
    return Format(said)


def _header(kind: Format) -> Callable[[str], str]:
    """Keys for programs, words for people: by the kind of file, unless ?headers=keys or words says which."""
    tongue, said = spoken_language(), request.args.get("headers")
    if said == "keys" or (kind is not Format.XLSX and said != "words"):
        return str
    zone = str(parts().settings.timezone)
    return lambda key: export_words.header(tongue, key, zone)


def _file(what: str, kind: Format, about: Chosen, fill: Callable[[IO[bytes]], None]) -> ResponseReturnValue:
    """The file, made to its end before the first byte goes out: one that breaks off lacks announced bytes.

    The server would end a reply that fails in the middle as if all was well.
    """
    name = exports.file_name(what, kind, about.filter.first, about.filter.last)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    if request.method == "HEAD":
        # Nothing is made, nothing left the house, and nobody knows how long it would be.
        reply = Response(mimetype=kind.mimetype, headers=headers)
        reply.automatically_set_content_length = False
        return reply
    # Closed with the reply.
    file = TemporaryFile()  # noqa: SIM115
    try:
        fill(file)
        size = file.seek(0, SEEK_END)
        file.seek(0)
    except FieldError as error:
        file.close()
        return _refused(field_sentence(error, spoken_language()))
    except BaseException:
        file.close()
        raise
    headers["Content-Length"] = str(size)
    reply = Response(_pieces(file), mimetype=kind.mimetype, headers=headers)
    # For a reply whose body nobody begins to read.
    reply.call_on_close(file.close)
    return reply


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


def _note(viewer: Viewer, wanted: Singles, kind: Format, n: int) -> None:
    with parts().database.transaction() as session:
        audit.record(
            session,
            viewer.id,
            Deed.EXPORTED,
            parts().clock(),
            what=wanted.value,
            file=kind.value,
            rows=n,
        )


def _refused(sentence: str) -> ResponseReturnValue:
    # i18n: Heading of a page: a file was asked for that cannot be made
    heading = spoken_language().gettext("This file cannot be made")
    return render("notice.html", heading=heading, words=sentence, url="", way=""), 422
