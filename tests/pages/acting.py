"""What a person does on a page: fill in, press, look."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Element

Value = str | int | Decimal | date | None


def fill(page: AppTest, form: str = "", /, **values: Value) -> AppTest:
    """Writes into the fields of these paths, of the form whose name begins so."""
    for path, value in values.items():
        fields = (*page.text_input, *page.text_area, *page.selectbox, *page.date_input)
        (field, *_) = [
            each
            for each in fields
            if str(each.key).startswith(form) and f"-{path}-" in f"-{each.key}-"
        ]
        field.set_value(value)
    return page


def press(page: AppTest, label: str) -> AppTest:
    """Clicks the button with this label; fails where the page then has a bug."""
    (button,) = [button for button in page.button if _read(button.label) == label]
    button.click().run()
    assert not page.exception
    return page


def labels(page: AppTest) -> set[str]:
    """The buttons that are there."""
    return {_read(button.label) for button in page.button}


def cells(page: AppTest, column: str) -> list[object]:
    """What the first table with this column shows in it."""
    for table in page.dataframe:
        if column in table.value.columns:
            return list(table.value[column])
    return []


def chips(page: AppTest, column: str) -> list[list[str]]:
    """The coloured chips of the first table with this column, row by row."""
    return [list(each) if isinstance(each, Iterable) else [] for each in cells(page, column)]


def errors(page: AppTest) -> list[str]:
    """What the page refuses, in its words: as they are read, without Markdown's backslashes."""
    return [_read(error.value) for error in page.error]


def texts(page: AppTest) -> list[str]:
    """The plain sentences on the page."""
    return [text.value for text in page.text]


def htmls(page: AppTest) -> list[str]:
    """What is drawn as HTML of our own: facts, chips, links to downloads."""
    return [element.proto.body for element in page.get("html") if isinstance(element, Element)]


def metric(page: AppTest, label: str) -> str:
    """The figure under this label."""
    return str(next(each.value for each in page.metric if each.label == label))


def choose(page: AppTest, table: str, *ids: int) -> AppTest:
    """Ticks the boxes of these records in the table of this name."""
    page.session_state[f"{table}-chosen"] = set(ids)
    return page.run()


def _read(label: str) -> str:
    return label.replace("\\", "")
