"""The floor of every page: a script of two pages with a title each."""

import streamlit as st


def _first() -> None:
    st.title("First")


def _second() -> None:
    st.title("Second")


st.navigation(
    [
        st.Page(_first, title="First", url_path="first", default=True),
        st.Page(_second, title="Second", url_path="second"),
    ]
).run()
