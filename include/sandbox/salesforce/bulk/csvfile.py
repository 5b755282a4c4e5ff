"""Bulk API's CSV: RFC 4180 in UTF-8, six delimiters, two line ends."""

from __future__ import annotations

import codecs
import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
CELL = 131_072
"""Characters of one cell."""
RECORD = 400_000
"""Characters of one record."""


class CsvError(ValueError):
    """A file that cannot be read; the text is the job's ``errorMessage``."""


def lines(parts: Iterable[bytes]) -> Iterator[str]:
    """Physical lines with their ends, out of pieces of UTF-8.

    Raises:
        CsvError: it is not UTF-8.
    """
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    rest = ""
    try:
        for part in parts:
            rest += decoder.decode(part)
            *whole, rest = _split(rest)
            yield from whole
        rest += decoder.decode(b"", final=True)
    except UnicodeDecodeError as exc:
        raise CsvError("InvalidBatch : The file is not encoded in UTF-8") from exc
    if rest:
        yield rest


def _split(text: str) -> list[str]:
    pieces = text.split("\n")
    return [*(piece + "\n" for piece in pieces[:-1]), pieces[-1]]


def rows(parts: Iterable[bytes], delimiter: str, line_ending: str) -> Iterator[list[str]]:
    """Records, the header first; empty lines are none.

    Args:
        parts: the file.
        delimiter: the job's ``columnDelimiter``.
        line_ending: the job's ``lineEnding``.

    Raises:
        CsvError: it is no CSV, or its lines end in another way than the job says.
    """
    checked = _ended(lines(parts), line_ending)
    reader = csv.reader(checked, delimiter=DELIMITERS[delimiter], strict=True)
    try:
        for row in reader:
            if row:
                yield row
    except csv.Error as exc:
        raise CsvError(f"InvalidBatch : Failed to parse CSV. Line {reader.line_num}: {exc}") from exc


def _ended(found: Iterator[str], line_ending: str) -> Iterator[str]:
    """Judges by the header's end, as what stands between quotes may end as it likes."""
    first = next(found, None)
    if first is None:
        return
    other = (
        first.endswith("\r\n") if line_ending == "LF" else first.endswith("\n") and not first.endswith("\r\n")
    )
    if other:
        said = f"LineEnding is invalid on user data. Current LineEnding setting is {line_ending}"
        raise CsvError(f"ClientInputError : {said}")
    yield first
    yield from found


def header(columns: Sequence[str], own: Sequence[str], delimiter: str, line_ending: str) -> str:
    """The head of a result: Salesforce's own columns in quotes, the job's as they were."""
    quoted = [f'"{name}"' for name in own]
    return DELIMITERS[delimiter].join([*quoted, *columns]) + LINE_ENDINGS[line_ending]


def line(cells: Sequence[str], delimiter: str, line_ending: str) -> str:
    """One record, every cell in quotes."""
    out = io.StringIO()
    csv.writer(
        out, delimiter=DELIMITERS[delimiter], lineterminator=LINE_ENDINGS[line_ending], quoting=csv.QUOTE_ALL
    ).writerow(cells)
    return out.getvalue()
