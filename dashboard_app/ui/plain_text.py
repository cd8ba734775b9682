"""The one door by which text of others gets into Markdown: it is shown to the letter.

Streamlit shows Markdown in messages, captions and headings, and in the labels of widgets. Escaping
is not enough there: after parsing, Streamlit changes the text that is left. It makes a link of a
bare address, an arrow of `->`, an icon of `:material/delete:` and a picture of `:smile:`.
"""

from __future__ import annotations

import re

# A piece of text ends where a directive begins, and no rule of Streamlit's goes on over its end. A
# directive without content draws nothing, and whoever copies the text does not get it either.
_BREAK = ":small[]"
# Character references: a colon written so begins no directive and no address, and Streamlit finds
# no ":material/" in the source.
_COLON, _SPACE = "&colon;", "&nbsp;"
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$&=@/^\"'])")
# Within what Streamlit would change: a sign of several characters, an icon or a picture (after its
# colon), a web address (after its scheme's colon, or its www), an e-mail address.
_INSIDE = re.compile(
    r"(?<=[-<~>=])(?=[-<>=])|(?<=:)(?=[^\s:])|(?<=@)|(?<=www)(?=\.)", re.IGNORECASE
)


def plain(text: str) -> str:
    """Return Markdown that shows a text to the letter, in one line: a line end is a space."""
    return _BREAK.join(_escaped(piece) for piece in _INSIDE.split(_in_one_line(text)))


def _in_one_line(text: str) -> str:
    return re.sub(r"\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029\t]", " ", text)


def _escaped(piece: str) -> str:
    escaped = _MARKDOWN.sub(r"\\\1", piece).replace(":", _COLON)
    # Browsers draw one space of several in a row, and none at the beginning or the end.
    return re.sub(r"^ | $|(?<= ) ", _SPACE, escaped)
