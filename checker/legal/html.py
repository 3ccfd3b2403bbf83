"""The report as one HTML file that needs no network and no script."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from checker.legal.model import Picture, Report


def render(report: Report) -> bytes:
    """The whole file, in UTF-8."""
    page = _template().render(report=report, css=Markup(_file("report.css")), drawn=_drawn)
    return f"{page}\n".encode()


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    return environment.from_string(_file("report.html.jinja"))


def _file(name: str) -> str:
    return files("checker.legal").joinpath(name).read_text(encoding="utf-8")


def _drawn(picture: Picture) -> Markup:
    """The picture's SVG, whose every word was escaped when it was drawn."""
    return Markup(picture.svg)
