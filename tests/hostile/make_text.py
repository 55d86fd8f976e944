"""Hostile HTML, Markdown, plain text and image files.

What enters: a folder. What leaves: the path of one file in it. Refuses to know what a reader does with it.
"""

from __future__ import annotations

import io
import random
import struct
import zlib
from pathlib import Path

from PIL import Image

from hostile import make_files as m
from hostile.make_files import HTML, MARK, MB, Maker, write, zlib_repeat


def html(more: str = "", head: str = "", text: str = MARK) -> Maker:
    return lambda folder: write(folder, "lease.html", HTML.format(head=head, text=text, more=more))


def markdown(text: str) -> Maker:
    return lambda folder: write(folder, "lease.md", text)


def plain(data: bytes | str, name: str = "lease.txt") -> Maker:
    return lambda folder: write(folder, name, data)


# --- HTML -----------------------------------------------------------------------------------------------------------


def tag_flood(folder: Path) -> Path:
    """50 MB of tags around one sentence."""
    unit = "<div><span></span><i></i><br></div>"
    return html(unit * (50 * MB // len(unit)))(folder)


def formatting_flood(n: int) -> Maker:
    """Each paragraph opens again every bold element before it: n * n / 2 elements out of n."""
    return html("".join(f"<p><b id={i}>x" for i in range(n)))


def many_attributes(n: int) -> Maker:
    return html("<p " + " ".join(f"a{i}=1" for i in range(n)) + ">")


def script_page(site: str) -> str:
    """Everything in a page that a browser would fetch or run."""
    head = (
        f'<base href="{site}/"><meta http-equiv="refresh" content="0;url={site}/meta"><script>var hidden = "SCRIPTED";'
        f'fetch("{site}/js")</script><script src="{site}/s.js"></script><link rel="stylesheet" href="{site}/c.css">'
        f'<link rel="prefetch" href="{site}/p"><style>@import url({site}/i.css); body {{ content: "STYLED" }}</style>'
    )
    more = (
        f'<img src="{site}/a.png" onerror="alert(1)"><iframe src="{site}/f"></iframe><object data="{site}/o"></object>'
        f'<embed src="{site}/e"><svg><image href="{site}/v"/></svg><video src="{site}/m"></video>'
        f'<img srcset="{site}/b.png 2x"><form action="{site}/post"><input value="VALUE"></form>'
    )
    return HTML.format(head=head, text=MARK, more=more)


# --- Markdown -------------------------------------------------------------------------------------------------------

MARKDOWN_FLOODS: dict[str, str] = {
    "quotes": ">" * 10_000 + f" inside\n\n{MARK}\n",
    "open_brackets": "[" * 10_000 + f"\n\n{MARK}\n",
    "image_brackets": "![" * 10_000 + f"\n\n{MARK}\n",
    "empty_links": "[a](" * 50_000 + f"\n\n{MARK}\n",
    "emphasis": "*a **b " * 30_000 + f"\n\n{MARK}\n",
    "underscores": "_" * 100_000 + f"a\n\n{MARK}\n",
    "backticks": "".join("`" * i + " " for i in range(1, 900)) + f"\n\n{MARK}\n",
    "angle_brackets": "<" * 100_000 + f"\n\n{MARK}\n",
    "comment_openers": "<!-- a " * 20_000 + f"\n\n{MARK}\n",
    "nested_lists": "".join(" " * (2 * i) + "- x\n" for i in range(1500)) + f"\n{MARK}\n",
    "list_markers": "- " * 5_000 + f"x\n\n{MARK}\n",
    "references": "".join(f"[r{i}]: /u{i}\n" for i in range(30_000)) + f"\n{MARK}\n",
    "wide_table": f"{MARK}\n\n" + "|a" * 5_000 + "|\n" + "|-" * 5_000 + "|\n" + "|b" * 5_000 + "|\n",
    "table_short_rows": f"{MARK}\n\n" + "|a" * 1_000 + "|\n" + "|-" * 1_000 + "|\n" + "|b\n" * 2_000,
    "entities": "&amp;" * 100_000 + f"\n\n{MARK}\n",
    "hard_breaks": "a  \n" * 50_000 + f"\n{MARK}\n",
}

# --- plain text -----------------------------------------------------------------------------------------------------


def long_line(n: int) -> Maker:
    return plain(f"{MARK} " + "word " * (n // 5))


def mixed_encodings() -> bytes:
    lines = [MARK.encode(), "Straße, café".encode("latin-1"), "Straße, café".encode(), "“quoted”".encode("cp1252")]
    return b"\n".join(lines * 20)


def bidi() -> str:
    return (
        f"{MARK}\n\u202efdp.txe\u202c \u2066inner\u2069 zero\u200bwidth\u200c\u200d\u2060\ufeff "
        "soft\u00adhyphen \u200f\u061c end.\n"
    )


def zalgo() -> str:
    return MARK + "\n" + ("a" + "\u0301" * 2000 + " ") * 300


TEXTS: dict[str, bytes] = {
    "invalid_utf8": MARK.encode() + b"\n\xff\xfe\xfa broken \xc3\x28 \xe2\x82 bytes \x80\x81.\n",
    "lone_surrogates": MARK.encode() + b"\nlow \xed\xb0\x80 high \xed\xa0\x80 end.\n",
    "overlong_utf8": MARK.encode() + b"\n\xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf\n",
    "utf16_bom": b"\xff\xfe" + MARK.encode("utf-16-le"),
    "utf16_lone_surrogate": b"\xff\xfe" + MARK.encode("utf-16-le") + b"\x00\xd8 \x00" + b"\x01\xdc",
    "utf16_odd_bytes": b"\xff\xfe" + MARK.encode("utf-16-le") + b"x",
    "utf16_le_no_bom": (MARK * 20).encode("utf-16-le"),
    "utf16_be_no_bom": (MARK * 20).encode("utf-16-be"),
    "utf32_bom": b"\xff\xfe\0\0" + MARK.encode("utf-32-le"),
    "utf7": b"+AFQ- " + MARK.encode(),
    "mixed_encodings": mixed_encodings(),
    "bidi": bidi().encode(),
    "zalgo": zalgo().encode(),
    "noncharacters": f"{MARK}\n\ufffe\uffff\U0001ffff\U0010ffff\ufdd0 end.".encode(),
    "form_feeds": MARK.encode() + b"\x0c" * 200_000,
    "carriage_returns": (MARK.encode() + b"\r") * 50,
    "line_separators": (MARK + "\u2028\u2029\x85").encode() * 50 + b"\x0b\x1c\x1d",
    "blank_lines": MARK.encode() + b"\n" * 3_000_000 + b"End.",
    "digits": MARK.encode() + b" " + b"7" * 2_000_000,
    "dots": MARK.encode() + b"." * 1_000_000,
    "brackets": MARK.encode() + b"(" * 1_000_000,
}


# Zero bytes and control characters: dirty text or no text at all, both may be said.
DIRTY_TEXTS: dict[str, bytes] = {
    "nuls_between": MARK.encode() + b"\n" + b"a\0b\0\0c " * 10,
    "control_characters": MARK.encode() + bytes(range(1, 32)) * 20 + b"\x7f\x1b[31mred\x1b]0;title\x07",
}
TABLES: dict[str, bytes] = {
    "open_quote": f'Item,Terms\nRent,"{MARK}\n'.encode() + b"1,2,3\n" * 200_000,
    "quotes": f"Item,Terms\nRent,{MARK}\n".encode() + b'"' * 2_000_000,
    "wide": f"Item,{MARK}\n".encode() + b"," * 1_000_000 + b"\n" + b"x," * 1_000_000,
    "long": f"Item,Terms,More\nRent,{MARK},x\n".encode() + b"a,b,c\n" * 300_000,
    "ragged": f"Item,Terms\nRent,{MARK}\n".encode() + b"\n".join(b"x," * (i % 700) for i in range(7_000)),
    "separators": MARK.encode() + b"\n" + b"|,;\t" * 300_000,
}


def huge_sparse(folder: Path) -> Path:
    """600 MB that take no place on the disk."""
    path = write(folder, "lease.txt", MARK)
    with path.open("r+b") as file:
        file.truncate(600 * MB)
    return path


# --- images ---------------------------------------------------------------------------------------------------------


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, pixels: bytes, extra: bytes = b"", depth: int = 1) -> bytes:
    head = chunk(b"IHDR", struct.pack(">2I5B", width, height, depth, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def png_bomb(folder: Path) -> Path:
    """50,000 x 50,000 black pixels: 312 MB of scan lines, 2.5 GB once they are bytes."""
    row = bytes(1 + 50_000 // 8)
    return write(folder, "lease.png", png(50_000, 50_000, zlib_repeat(row * 100, 500)))


def png_text_bomb(folder: Path) -> Path:
    """A small picture with a compressed comment of 500 MB."""
    comment = chunk(b"zTXt", b"Comment\0\0" + zlib_repeat(bytes(MB), 500))
    return write(folder, "lease.png", png(8, 8, zlib.compress(bytes(16)), comment))


def png_bad_crc(folder: Path) -> Path:
    return write(folder, "lease.png", m.image_bytes("PNG").replace(b"IDAT", b"IDAT\0", 1))


def jpeg_declared_huge(folder: Path) -> Path:
    """A small JPEG whose header says 65,500 x 65,500."""
    data = m.image_bytes("JPEG")
    at = data.index(b"\xff\xc0") + 5
    return write(folder, "lease.jpg", data[:at] + struct.pack(">2H", 65500, 65500) + data[at + 4 :])


def jpeg_cut(keep: float) -> Maker:
    buffer = io.BytesIO()
    Image.frombytes("L", (200, 200), random.Random(3).randbytes(40_000)).save(buffer, "JPEG")
    data = buffer.getvalue()
    return lambda folder: write(folder, "lease.jpg", data[: int(len(data) * keep)])


def tiff_bytes(n: int, *, loop: bool = False) -> bytes:
    """``n`` pictures of one white pixel; ``loop``: the last one names the first as the next."""
    tags = ((256, 4, 1), (257, 4, 1), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (279, 4, 1))
    body = struct.pack("<H", len(tags)) + b"".join(
        struct.pack("<2H2I", tag, kind, 1, value) for tag, kind, value in tags
    )
    step = len(body) + 4
    following = [*(10 + step * i for i in range(1, n)), 10 if loop else 0]
    return b"II*\0" + struct.pack("<I", 10) + b"\xff\0" + b"".join(body + struct.pack("<I", at) for at in following)


def tiff_huge_counts(folder: Path) -> Path:
    tags = ((256, 4, 1, 100_000), (257, 4, 1, 100_000), (258, 3, 0x7FFFFFFF, 8), (273, 4, 0xFFFFFFFF, 8))
    ifd = struct.pack("<H", len(tags)) + b"".join(struct.pack("<2H2I", *tag) for tag in tags) + bytes(4)
    return write(folder, "lease.tif", b"II*\0" + struct.pack("<I", 8) + ifd)


def picture(kind: str, name: str, size: tuple[int, int] = (40, 30)) -> Maker:
    return lambda folder: write(folder, name, m.image_bytes(kind, size))


def apng(folder: Path) -> Path:
    return write(folder, "lease.png", m.animated("PNG"))
