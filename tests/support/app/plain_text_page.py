"""A page of Streamlit that shows texts of others in all that reads Markdown, by the app's door."""

from __future__ import annotations

import streamlit as st
from dashboard_app.ui.plain_text import plain

TEXTS = (
    "a -> b -- c >= d",
    "<- x <-> y <= z ~= w",
    "--",
    "->",
    "***",
    "# heading",
    "1. item",
    "- item",
    "+ item",
    "> quote",
    "| a | b |",
    "**bold** __bold__ *it* _it_ ~~gone~~ `code`",
    "$x^2$ $$y$$",
    "[a](https://evil.example) ![a](https://evil.example/a.png) [^1]",
    "see https://evil.example/a?b=c_d&e now",
    "HTTPS://EVIL.EXAMPLE",
    "www.evil.example and Www.evil.example",
    "somebody@evil.example mailto:somebody@evil.example xmpp:a@evil.example",
    ":material/delete: x:material/home:y :material/delete::material/home:",
    ":smile: :+1: :streamlit:",
    ":red[x] :small[y] :red-badge[z] ::x[y]",
    "<b>x</b> &amp; &lt; &colon;material/x: &nbsp;",
    "a::b:c : d",
    "\\ \\-> C:\\temp\\*",
    "(c) \"q\" 'r' ... {{x}} %s",
    "two  blanks,   three",
    " at both ends ",
    "Überfällig → 🙂",
)


def show(text: str, number: int) -> None:
    """Show a text in messages, captions, headings and labels."""
    told = plain(text)
    with st.container(key=f"text-{number}"):
        st.title(told)
        st.subheader(told)
        st.markdown(told)
        st.markdown(f"Client **{told}** · Stage **{told}**")
        st.markdown(f"- {told}\n- {told}")
        st.caption(f"before {told} after")
        for message in (st.info, st.warning, st.error):
            message(f"**{told}**  \n{told}", icon=":material/error:")
        st.button(told, key=f"button-{number}")
        st.link_button(told, "https://ledger.example")
        st.metric(told, told)
        st.checkbox(told, key=f"checkbox-{number}")
        st.selectbox(told, ["one"], key=f"selectbox-{number}")
        st.text_input(told, key=f"input-{number}")
        st.popover(told)
        st.expander(told).text("An empty one is not drawn.")
        st.tabs([told])


if __name__ == "__main__":
    for place, one in enumerate(TEXTS):
        show(one, place)
    with st.container(key="without-the-door"):
        st.markdown(TEXTS[0])
    st.html('<p id="all-shown">.</p>')
