"""Hostile CSV and TSV: signs, encodings, quotation marks, and tables that grow when they become features."""

from __future__ import annotations

import codecs
import random
from functools import cache, partial

from tests.load.hostile.hostile_format import Attack, HostileFormat
from tests.load.hostile.mutants import mutate, mutate_text

_MEGABYTE = 2**20
_HOSTILE_CELLS = (
    *("", " ", '"', '""', "'", "\\", "\0", "\ufeff", "\u202e", "\u2028", "\x85", "\x1c", "é", "名", "😀", "\ud7ff"),
    *("nan", "inf", "-inf", "1e999", "1e-999", "9" * 400, "9" * 5000, "0x1p3", "1_000", "１２", "٣", "²", "½", "1,5"),
    *("=1+1", "@SUM(1)", "-1", "+1", "1.", ".", "1e", "--1", "{name}", "{", "%s", "<script>", "${x}"),
    *("2024-02-30", "9999-12-31 99:99:99", "0001-01-01", "31.12.99999", "2024年13月1日", "١٢-٠١-٢٠٢٤", "1/1/1"),
    *("x" * 3000, "x" * 200_000, "a b " * 100),
)


@cache
def good_table(delimiter: str = ",") -> str:
    """Return a small table with both domains, numbers, words, dates and a label."""
    rows = ["x,y,colour,day,class,domain"]
    for number in range(40):
        day = f"2024-{1 + number % 12:02}-{1 + number % 28:02}"
        colour, label, domain = ("red", "blue")[number % 2], ("a", "b")[number // 2 % 2], ("old", "new")[number // 20]
        rows.append(f"{number / 7:.3f},{number * number},{colour},{day},{label},{domain}")
    return "\n".join(rows).replace(",", delimiter) + "\n"


def _with_cells(count: int, rng: random.Random) -> bytes:
    """Put hostile cells into a good table, also among the names of its columns."""
    rows = [line.split(",") for line in good_table().splitlines()]
    for _ in range(count):
        row = rng.choice(rows)
        row[rng.randrange(len(row))] = rng.choice(_HOSTILE_CELLS)
    return "\n".join(map(",".join, rows)).encode("utf-8", "surrogatepass")


def _with_head(head: str, _rng: random.Random) -> bytes:
    return (head + "\n" + good_table().partition("\n")[2]).encode()


def _in_encoding(encoding: str, rng: random.Random) -> bytes:
    """Write the table in an encoding, with bytes that are none of it."""
    text = good_table().replace("red", "红 é").replace("blue", "蓝")
    data = text.encode(encoding, "replace")
    return data + rng.randbytes(7) + data


def _behind_mark(mark: bytes, rng: random.Random) -> bytes:
    """Put a byte order mark before text that it does not fit, with a byte too many."""
    return mark + good_table().encode() + rng.randbytes(1)


def _endless_quote(_rng: random.Random) -> bytes:
    """Open a quotation mark before 20 MB, and close it nowhere."""
    return (good_table() + '1,2,"').encode() + b"x,y\n" * (5 * _MEGABYTE)


def _million_words(_rng: random.Random) -> bytes:
    """Write columns of 20 words each, which become 38,000 columns of 0 and 1 for 20,000 rows."""
    columns = 1900
    rows = [",".join([f"w{number % 20}"] * columns) for number in range(20)]
    lines = "\n".join(f"{row},{'ab'[number % 2]},{'st'[number // 10]}" for number, row in enumerate(rows)) + "\n"
    head = ",".join([*(f"c{number}" for number in range(columns)), "class", "domain"]) + "\n"
    return head.encode() + 1000 * lines.encode()


def _many_texts(_rng: random.Random) -> bytes:
    """Write 60,000 texts of 2,000 letters."""
    rows = "\n".join(f"{number} {'word ' * 399},{'ab'[number % 2]},{'st'[number // 2]}" for number in range(4))
    return b"text,class,domain\n" + 15_000 * (rows + "\n").encode()


def _many_domains(_rng: random.Random) -> bytes:
    """Give every row a domain and a class of its own."""
    return b"x,class,domain\n" + b"".join(b"%d,c%d,d%d\n" % (row, row, row) for row in range(150_000))


def _mutant(rng: random.Random) -> bytes:
    delimiter = rng.choice(",;\t|")
    match rng.randrange(4):
        case 0:
            return _with_cells(rng.randint(1, 30), rng)
        case 1:
            return mutate(good_table(delimiter).encode(rng.choice(("utf-8", "utf-16", "gb18030", "cp1252"))), rng)
        case 2:
            lines = good_table(delimiter).splitlines(keepends=True)
            return "".join(rng.choices(lines, k=rng.randint(1, 80))).encode()
        case _:
            return mutate_text(good_table(delimiter), rng).encode("utf-8", "surrogatepass")


_ATTACKS: dict[str, Attack] = {
    "nothing wrong": lambda _rng: good_table().encode(),
    "a line of 20 MB": lambda _rng: b"x" * (20 * _MEGABYTE),
    "a line of 20 MB of cells": lambda _rng: b"1," * (10 * _MEGABYTE) + b"2\n3,4\n",
    "a million commas in each line": lambda _rng: (b"," * 1_000_000 + b"\n") * 20,
    "20 million lines of commas": lambda _rng: b",\n" * (10 * _MEGABYTE),
    "20 MB of line ends": lambda _rng: b"a,b\n" + b"\r\n" * (10 * _MEGABYTE),
    "20 MB of quotation marks": lambda _rng: b"a,b\n1," + b'"' * (20 * _MEGABYTE),
    "20 MB of NUL after a head": lambda _rng: good_table().encode() + 70_000 * b" " + bytes(20 * _MEGABYTE),
    "a quotation mark that stays open": _endless_quote,
    "2,001 columns": lambda _rng: (",".join(map(str, range(2001))) + "\n").encode() * 200,
    "2,000 columns of one name": lambda _rng: (
        ",".join(["x"] * 2000) + "\n" + (",".join(["1"] * 2000) + "\n") * 50
    ).encode(),
    "a name of 100,000 letters": partial(_with_head, "x" * 100_000 + ",y,colour,day,class,domain"),
    "names of braces": partial(_with_head, "{x},{},{0},{place},class,domain"),
    "names that turn around": partial(_with_head, "\u202ex,\ufeff,\x7f,\u200b,class,domain"),
    "names of domains": partial(_with_head, "domain,domain,domain,class,class,class"),
    "rows of all lengths": lambda _rng: b"".join(b"1," * (row % 300) + b"2\n" for row in range(20_000)),
    "a table of words": _million_words,
    "a table of texts": _many_texts,
    "150,000 domains": _many_domains,
    "200,001 rows": lambda _rng: b"x,class,domain\n" + b"1,a,s\n2,b,t\n" * 100_001,
    **{
        f"the encoding {name}": partial(_in_encoding, name)
        for name in ("gb18030", "cp1252", "utf-16", "utf-7", "shift_jis")
    },
    "UTF-16 that is none": partial(_behind_mark, codecs.BOM_UTF16_LE),
    "UTF-32": partial(_behind_mark, codecs.BOM_UTF32_LE),
    "a mark alone": lambda _rng: codecs.BOM_UTF8,
    **{f"hostile cells {number}": partial(_with_cells, 40) for number in range(5)},
}

CSV = HostileFormat("csv", ".csv", 70, _ATTACKS, _mutant)
