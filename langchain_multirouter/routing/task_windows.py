"""Task windows: what of a text is read to find its task, and what it is beside its words.

The first line, the last and the start of what stands between, so that the work is bounded and a
pasted document cannot outvote the request before or after it.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from .task_words import without_quotes

#: No more of a text is looked at than its first and its last half of this.
LONGEST_TEXT_CHARACTERS: Final = 65_536
#: A longer line is a document's paragraph, not a request.
REQUEST_CHARACTERS: Final = 300
TAIL_CHARACTERS, BODY_CHARACTERS = 200, 1_500
#: What stands beside the request is a document from here on.
DOCUMENT_CHARACTERS: Final = 250
#: After "summarize this:" so much text is what is worked on, not the request.
COLON_BODY_CHARACTERS: Final = 60
CODE_LINES_LOOKED_AT: Final = 60
CODE_BLOCK: Final = (1.2, 2.5)
CODE_LINES: Final = (0.0, 1.0, 2.5)
#: A window's factor before a request was found, and after.
NEAR: Final = (1.0, 0.8)
FAR: Final = (0.8, 0.25)
#: How a casefolded line of code begins or ends, and what one that begins so has in it.
_CODE_STARTS = (
    "def ", "class ", "import ", "from ", "const ", "let ", "var ", "function ", "public ",
    "private ", "return ", "select ", "for ", "func ", "fn ", "async ", "int ", "string ",
    "insert into ", "create table ", "if (", "while (", "#include", "<?php", "<div", "<html",
    "print(", "console.", "traceback", "try:", "else:", "//", "#!/",
)  # fmt: skip
#: Looked up first: most lines begin with none of these.
_CODE_HEADS = frozenset(start[:2] for start in _CODE_STARTS)
_CODE_ENDS = (";", "{", "}", "):", ");", "})")
_CODE_MARKS = re.compile(r"[(){};=<\"#]")


class Windows(NamedTuple):
    """A text's windows with their factors, its weight as code, and how many characters stand
    beside the request."""

    windows: list[tuple[str, tuple[float, float]]]
    code: float
    beside: int


def windows_of(text: str) -> Windows:
    """What of a text is read, and its structure."""
    if len(text) > LONGEST_TEXT_CHARACTERS:
        half = LONGEST_TEXT_CHARACTERS // 2
        text = f"{text[:half]}\n{text[-half:]}"
    text, code_lines, code_blocks = without_code(text.casefold(), CODE_LINES_LOOKED_AT)
    code = CODE_BLOCK[min(code_lines, 1)] if code_blocks else CODE_LINES[min(code_lines, 2)]
    windows, beside = _windows(without_quotes(text))
    return Windows(windows, code, beside)


def without_code(text: str, most_lines: int) -> tuple[str, int, int]:
    """A casefolded text without its code blocks, its lines that look like code, its blocks."""
    lines = sum(map(_looks_like_code, text.split("\n", most_lines)))
    parts = text.split("```") if "```" in text else [text]
    return "\n".join(parts[::2]), lines, len(parts) // 2


def _looks_like_code(line: str) -> bool:
    line = line.strip()
    return line.endswith(_CODE_ENDS) or (
        line[:2] in _CODE_HEADS
        and line.startswith(_CODE_STARTS)
        and _CODE_MARKS.search(line) is not None
    )


def _windows(text: str) -> tuple[list[tuple[str, tuple[float, float]]], int]:
    """The parts to read, what asks first; and how many characters stand beside the request."""
    if len(text) <= REQUEST_CHARACTERS and "\n" not in text and ": " not in text:
        return [(text, NEAR)], 0
    lines = [line for line in text.split("\n") if line and not line.isspace() and line[0] != ">"]
    if not lines:
        return [(text[:REQUEST_CHARACTERS], NEAR)], 0
    first, *middle = lines
    last = middle.pop() if middle else ""
    near, _, rest = first.partition(": ")
    if len(near) > REQUEST_CHARACTERS or len(rest) < COLON_BODY_CHARACTERS:
        near, rest = first[:REQUEST_CHARACTERS], first[REQUEST_CHARACTERS:]
    windows = [(near, FAR if len(first) > REQUEST_CHARACTERS >= len(last) > 0 else NEAR)]
    beside = len(rest) + sum(map(len, middle)) + len(last)
    if last and len(last) <= REQUEST_CHARACTERS:
        windows.insert(len(windows) if windows[0][1] is NEAR else 0, (last, NEAR))
        beside = max(beside - len(last), len(first) - REQUEST_CHARACTERS)
    elif last:
        middle.append(last)
    elif rest:
        windows.append((rest[-TAIL_CHARACTERS:], FAR))
    if rest or middle:
        windows.append(("\n".join((rest, *middle))[:BODY_CHARACTERS], FAR))
    return windows, beside
