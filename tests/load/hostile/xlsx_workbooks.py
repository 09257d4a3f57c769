"""Hostile workbooks: cells far to the right, styles and sheets in great numbers, entities, and mutated parts."""

from __future__ import annotations

import datetime
import io
import random
import zipfile
from collections.abc import Mapping
from functools import cache, partial

from tests.load.hostile.hostile_format import Attack, HostileFormat
from tests.load.hostile.mutants import mutate, mutate_text
from tests.load.hostile.zip_writer import deflated, stored, write_zip

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SHEET = "xl/worksheets/sheet1.xml"
_ROWS = (
    '<row r="1"><c t="inlineStr"><is><t>x</t></is></c><c t="inlineStr"><is><t>class</t></is></c></row>'
    + '<row><c><v>1</v></c><c t="inlineStr"><is><t>a</t></is></c></row>' * 5
)


def _sheet(rows: str, head: str = "") -> str:
    return f'<?xml version="1.0"?>{head}<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def _parts(
    rows: str = _ROWS, *, sheets: str = "", names: str = "", formats: str = "", head: str = ""
) -> dict[str, str]:
    """Write the parts of a workbook of one sheet; ``sheets``, ``names`` and ``formats`` are entries of its lists."""
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/{_SHEET}" ContentType="{_TYPES}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_LINKS}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="{_LINKS}/styles" '
        'Target="styles.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>'
        f'<sheet name="s" sheetId="1" r:id="rId1"/>{sheets}</sheets>{names}</workbook>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><fonts><font/></fonts><fills><fill/></fills><borders><border/>'
        f"</borders><cellStyleXfs><xf/></cellStyleXfs><cellXfs><xf/>{formats}</cellXfs></styleSheet>",
        _SHEET: _sheet(rows, head),
    }


def _book(parts: Mapping[str, str | bytes]) -> bytes:
    return write_zip(deflated(name, part if isinstance(part, bytes) else part.encode()) for name, part in parts.items())


@cache
def _good_book() -> dict[str, bytes]:
    """Return the parts of a workbook that openpyxl wrote, without their date."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.append(["x", "colour", "day", "true", "class", "domain"])
    for number in range(40):
        day = datetime.datetime(2024, 1 + number % 12, 1 + number % 28)
        row = [number / 7, ("red", "blue")[number % 2], day, number % 3 == 0, "ab"[number // 2 % 2], "st"[number // 20]]
        sheet.append(row)
    sheet["H2"] = "=SUM(A2:A9)"
    sheet.merge_cells("J1:K4")
    stream = io.BytesIO()
    book.save(stream)
    with zipfile.ZipFile(stream) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name != "docProps/core.xml"}


# Attacks -------------------------------------------------------------------------------------------------------------


def _far_right(column: str, _rng: random.Random) -> bytes:
    """Write 40,000 rows, each with an empty cell far to the right."""
    rows = "".join(f'<row r="{row}"><c r="A{row}"><v>1</v></c><c r="{column}{row}"/></row>' for row in range(1, 40_001))
    return _book(_parts(rows))


def _sheets_of_one(count: int, blank: int, _rng: random.Random) -> bytes:
    """List one sheet of blank rows many times."""
    sheets = "".join(f'<sheet name="s{number}" sheetId="{number}" r:id="rId1"/>' for number in range(2, count + 1))
    return _book(_parts("<row/>" * blank, sheets=sheets))


def _defined_names(_rng: random.Random) -> bytes:
    names = "".join(f'<definedName name="n{number}">s!$A${number + 1}</definedName>' for number in range(200_000))
    return _book(_parts(names=f"<definedNames>{names}</definedNames>"))


def _formats(count: int, _rng: random.Random) -> bytes:
    return _book(_parts(formats='<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>' * count))


def _entities(_rng: random.Random) -> bytes:
    """Write entities that multiply: a billion laughs."""
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    rows = '<row><c t="inlineStr"><is><t>&e9;</t></is></c><c><v>1</v></c></row>' * 3
    return _book(_parts(rows, head=f'<!DOCTYPE x [<!ENTITY e0 "ha">{levels}]>'))


def _long_entity(_rng: random.Random) -> bytes:
    """Write an entity of 100,000 letters 20,000 times."""
    rows = f'<row><c t="inlineStr"><is><t>{"&e;" * 20_000}</t></is></c></row>'
    return _book(_parts(rows, head=f'<!DOCTYPE x [<!ENTITY e "{"h" * 100_000}">]>'))


def _other_file(place: str, _rng: random.Random) -> bytes:
    """Write an entity that is another file."""
    rows = '<row><c t="inlineStr"><is><t>&e;</t></is></c><c><v>1</v></c></row>' * 3
    return _book(_parts(rows, head=f'<!DOCTYPE x [<!ENTITY e SYSTEM "{place}">]>'))


def _gaps(row: int, _rng: random.Random) -> bytes:
    """Write a row that claims to be far below the others."""
    return _book(_parts(f'{_ROWS}<row r="{row}"><c r="A{row}"><v>1</v></c></row>'))


def _shared_strings(count: int, _rng: random.Random) -> bytes:
    """Write texts that are kept apart from their cells, and cells that point outside them."""
    parts = _parts('<row><c t="s"><v>0</v></c><c t="s"><v>-5</v></c><c t="s"><v>99999999</v></c></row>' * 5)
    kinds = parts["[Content_Types].xml"].replace(
        "</Types>", f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_TYPES}.sharedStrings+xml"/></Types>'
    )
    return _book(
        {
            **parts,
            "[Content_Types].xml": kinds,
            "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{"<si><t>x</t></si>" * count}</sst>',
        }
    )


def _cells(rng: random.Random) -> bytes:
    """Write cells whose types and values do not fit."""
    kinds = ("b", "d", "e", "n", "s", "str", "inlineStr", "x", "")
    values = (
        "",
        "1",
        "-1",
        "1e999",
        "NaN",
        "2024-13-45",
        "9" * 5000,
        "TRUE",
        "2958466",
        "-99999999",
        "#REF!",
        "x" * 40_000,
    )
    cells = [
        f'<c t="{kind}" s="{style}"><v>{value}</v></c>' for kind in kinds for value in values for style in (0, 14, -1)
    ]
    rows = "".join(f"<row>{''.join(rng.sample(cells, 6))}</row>" for _ in range(30))
    return _book(_parts(rows, formats='<xf numFmtId="14"/>' * 15))


def _long_rows(_rng: random.Random) -> bytes:
    """Write three rows of two million empty cells without an address."""
    return _book(_parts(("<row>" + "<c/>" * 2_000_000 + "</row>") * 3))


def _nested(_rng: random.Random) -> bytes:
    """Write elements in elements, 200,000 deep."""
    return _book(_parts("<row><c><is>" + "<r>" * 200_000 + "</r>" * 200_000 + "</is></c></row>"))


def _without(part: str, _rng: random.Random) -> bytes:
    return _book({name: data for name, data in _parts().items() if name != part})


def _twice(part: str, rng: random.Random) -> bytes:
    files = [deflated(name, data.encode()) for name, data in _parts().items()]
    return write_zip([*files, stored(part, rng.randbytes(99))])


def _mutant(rng: random.Random) -> bytes:
    """Damage one or two parts of a workbook, as XML more often than as bytes."""
    parts = dict(_good_book() if rng.random() < 0.7 else {name: part.encode() for name, part in _parts().items()})
    for name in rng.sample(sorted(parts), rng.randint(1, 2)):
        if rng.random() < 0.7:
            parts[name] = mutate_text(parts[name].decode(), rng).encode("utf-8", "surrogatepass")
        else:
            parts[name] = mutate(parts[name], rng)
    return mutate(_book(parts), rng) if rng.random() < 0.1 else _book(parts)


_NAMES = ("[Content_Types].xml", "_rels/.rels", "xl/_rels/workbook.xml.rels", "xl/styles.xml", _SHEET)
_ATTACKS: dict[str, Attack] = {
    "nothing wrong": lambda _rng: _book(_good_book()),
    "column ZZZ": partial(_far_right, "ZZZ"),
    "column XFD": partial(_far_right, "XFD"),
    "column ZZZZZZ": partial(_far_right, "ZZZZZZ"),
    "400,000 cell formats": partial(_formats, 400_000),
    "500 sheets that are one": partial(_sheets_of_one, 500, 10_000),
    "5,000 sheets": partial(_sheets_of_one, 5000, 1),
    "a million blank rows": partial(_sheets_of_one, 1, 1_000_000),
    "200,000 defined names": _defined_names,
    "entities": _entities,
    "a long entity": _long_entity,
    "a file of the server": partial(_other_file, "file:///etc/passwd"),
    "a file elsewhere": partial(_other_file, "http://127.0.0.1:9/x"),
    "a device": partial(_other_file, "file:///dev/zero"),
    "a gap of 10⁹ rows": partial(_gaps, 10**9),
    "a gap of 10³⁰ rows": partial(_gaps, 10**30),
    "a gap backwards": partial(_gaps, -5),
    "no shared text": partial(_shared_strings, 0),
    "2 million shared texts": partial(_shared_strings, 2_000_000),
    "cells of all types": _cells,
    "rows of two million cells": _long_rows,
    "elements in elements": _nested,
    **{f"without {part}": partial(_without, part) for part in _NAMES},
    **{f"two of {part}": partial(_twice, part) for part in _NAMES},
}

XLSX = HostileFormat("xlsx", ".xlsx", 70, _ATTACKS, _mutant)
