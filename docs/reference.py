"""The pages of the reference, made from the code, the schema and the examples that are run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import groupby
from pathlib import Path
from textwrap import indent
from typing import Any

from checker.arrangement import FEE_SETTINGS, SETTINGS, Setting
from checker.commands.output import write_all
from checker.facts import base_kinds
from checker.generate.habits import EVENTS
from checker.lint import lints
from checker.model import Kind
from checker.schema.shapes import keys, report_parts
from checker.source import Source, load_yaml, read_source
from docs.harness import AROUND, Example, examples, read_examples, run
from docs.primitives import (
    Primitive,
    Use,
    declared,
    meanings,
    primitives,
    told,
    uses,
    uses_in_packs,
)

HERE = Path(__file__).parent
RECIPES = HERE / "recipes.yaml"
RULES = HERE.parent / "rules"

Lines = Iterator[str]

PAGES: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "files": (
        "Files of a pack",
        ("contract", "section"),
        "A pack is a folder. `note.txt` holds the contract's words, `contract.yaml` what belongs "
        "to the contract as a whole, and one file for each clause its words and what they do. "
        "Beside a clause file stands a file of its [cases](cases.md). In the tables `*` stands for "
        "a name that you choose, and lists count for nothing.",
    ),
    "rules": (
        "Rules",
        ("rule", "then", "outcome"),
        "A rule stands under `rules` of a clause file. Its name is small letters and digits, in "
        "words joined by hyphens, and it is the first part of the ids of what it finds: the rule "
        "`late` finds `late/interest/2024-02-01`. The name is also a kind that other rules may "
        "look for.",
    ),
    "expressions": (
        "Expressions",
        ("operator", "type"),
        "Expressions stand after `where`, in `then`, in `while`, in the answers of readings, and "
        "in the braces of sentences. They speak of fields of facts, terms, states, powers and "
        "today. A comparison needs two sides of one type; a plain `0` may stand for nothing of any "
        "measure. "
        "`of` binds tightest, then `+` and `-`, then comparisons, `not`, `and`, `or`.",
    ),
    "settings": (
        "Settings of the ledger",
        ("setting", "setting-list", "fee"),
        "The ledger knows balances, periods, due dates and payments. What it does is settled under "
        "`ledger` of the clause files: each setting once in the pack, as a literal or by the name "
        "of a term or state. Name a term where the contract's words fix the value, so that "
        "readings, amendments and `--term` can change it.",
    ),
    "dates": (
        "Dates, schedules and roundings",
        ("day-count", "calendar", "convention", "duration", "schedule", "rounding"),
        "These words are values of terms and settings.",
    ),
    "facts": (
        "Kinds of fact",
        ("kind", "told"),
        "Rules look for facts of these kinds, and for those that `facts` of contract.yaml "
        "declares. People record facts in CSV, JSON lines, JSON or YAML, one record a fact. Every "
        "record has `id` (no other has it), `date` (2001-06-29) and `kind`; it may have "
        "`recorded`, `contract` and `source`. Money is 1,234.56, 1234.56 or USD 1234.56, a rate "
        "9.50% with its sign. A blank cell is absent. `checker schema PACK --facts csv` prints a "
        "template.",
    ),
}
"""Each page of primitives: its title, the groups on it, and what stands first."""

_GROUPS = {
    "contract": "contract.yaml",
    "section": "Clause files",
    "rule": "Parts of a rule",
    "then": "What may stand under `then`",
    "outcome": "Outcomes",
    "operator": "Operators and names",
    "type": "Types and their literals",
    "setting": "Settings",
    "setting-list": "A setting that depends on state",
    "fee": "Settings of a fee",
    "day-count": "Day counts",
    "calendar": "Calendars",
    "convention": "Conventions",
    "duration": "Lengths of time",
    "schedule": "Schedules",
    "rounding": "Roundings",
    "kind": "Facts that people give",
    "told": "Facts that the ledger and the rules tell",
}


def pages() -> dict[str, str]:
    """All generated pages of the guide as Markdown, by their paths."""
    found = {f"reference/{name}.md": "\n".join(_page(name)) + "\n" for name in PAGES}
    found["reference/cases.md"] = "\n".join(_cases()) + "\n"
    found["reference/generate.md"] = "\n".join(_generate()) + "\n"
    found["reference/report.md"] = "\n".join(_report()) + "\n"
    found["reference/lints.md"] = "\n".join(_lints()) + "\n"
    found["recipes.md"] = "\n".join(_recipes()) + "\n"
    return found


@cache
def homes() -> Mapping[str, tuple[str, str]]:
    """The page, and the primitive on it, at which each example is shown in full."""
    found: dict[str, tuple[str, str]] = {}
    for page, (_title, groups, _says) in PAGES.items():
        for primitive in (p for p in primitives() if p.group in groups):
            for example in examples():
                # An example is at home where it is named for the primitive first of all.
                if primitive.id == example.of[0]:
                    found.setdefault(example.id, (page, primitive.id))
    return found


def showing(primitive: Primitive) -> list[Example]:
    """The examples of a primitive."""
    return [example for example in examples() if primitive.id in example.of]


# Pages of primitives -----------------------------------------------------------------------------


def _page(name: str) -> Lines:
    title, groups, says = PAGES[name]
    yield from (f"# {title}", "", says, "")
    if name == "settings":
        yield from _around()
    for group in groups:
        yield from (f"## {_GROUPS[group]}", "")
        for primitive in (p for p in primitives() if p.group == group):
            yield from _primitive(name, primitive)


def _around() -> Lines:
    needed = [path for path, s in SETTINGS.items() if s.default is None and not s.optional]
    yield from (
        f"Every pack must settle {', '.join(f'`{path}`' for path in needed)}, and either "
        "`rate.index` or `rate.fixed`. All others may be left out.",
        "",
        "The rate of a day is the index (rounded by `rate.rounding`, not below its floor) "
        "or the fixed rate, plus `rate.margin` and `rate.daily-margin`; held between `rate.floor` "
        "and `rate.ceiling`, which leave the daily margin out where `rate.limits-on` says so; and "
        "never above the lawful maximum.",
        "",
        "The examples of this reference are put into this small pack; what they say comes on top.",
        "Each is run when this page is made, and the page shows what it gave.",
        "",
        "```yaml",
        AROUND.read_text(encoding="utf-8").rstrip(),
        "```",
        "",
    )


def _primitive(page: str, primitive: Primitive) -> Lines:
    yield from (f"### `{primitive.name}` {{ #{primitive.anchor} }}", "")
    says = primitive.describes
    yield from (says if says.endswith(".") else f"{says}.", "")
    yield from _MORE.get(primitive.group, _nothing)(primitive)
    elsewhere = []
    for example in showing(primitive):
        if homes()[example.id] == (page, primitive.id):
            yield from shown(example)
        else:
            elsewhere.append((example, f"[{example.says.rstrip('.')}]({_link(page, example)})"))
    for example, link in elsewhere[:3]:
        line = _line(example, primitive)
        yield from (f"For example `{line}`: {link}." if ": " in line else f"Example: {link}.", "")
    yield from _used(uses_in_packs().get(primitive.id, ()))


def _line(example: Example, primitive: Primitive) -> str:
    """The line of an example that shows a primitive."""
    document = example.document
    for found, loc in uses(document, declared([document.data])):
        if found == primitive.id:
            place = document.keys.get(loc, document.place(loc))
            return example.pack.splitlines()[place.line - 1].strip()
    return ""


def _link(page: str, example: Example) -> str:
    home = homes()[example.id][0]
    return f"{'' if home == page else f'{home}.md'}#example-{example.id}"


def _used(uses: Iterable[Use]) -> Lines:
    parts = []
    for pack, of_pack in groupby(uses, key=lambda use: use.pack):
        places = [f"{use.file}:{use.line}" for use in of_pack]
        more = f" and {len(places) - 3} more" if len(places) > 3 else ""
        parts.append(f"{pack} ({', '.join(places[:3])}{more})")
    if parts:
        yield from (f"<small>Used in {', '.join(parts)}.</small>", "")


def _nothing(_primitive: Primitive) -> Lines:
    yield from ()


def _setting(primitive: Primitive) -> Lines:
    yield from _of_setting(SETTINGS[primitive.name], primitive.name)


def _fee(primitive: Primitive) -> Lines:
    if primitive.name in FEE_SETTINGS:
        yield from _of_setting(FEE_SETTINGS[primitive.name], f"fees.{primitive.name}")


def _of_setting(setting: Setting[Any], path: str) -> Lines:
    kind = "a list of components" if setting.type == "components" else f"a {setting.type}"
    if setting.default is not None:
        said = (
            str(setting.default).lower() if isinstance(setting.default, bool) else setting.default
        )
        default = f"without it, {'0.00%' if said == 0 else said}"
    elif setting.optional:
        default = "may be left out"
    else:
        default = (
            "every fee must settle it" if path.startswith("fees.") else "every pack must settle it"
        )
        if path.startswith("fees.due-"):
            default = "may be left out"
        elif path == "fees.day-count":
            default = "without it, actual/360"
    yield from (f"It is {kind.replace('a index', 'an index')}; {default}.", "")
    meant = choices().get(path)
    if meant:
        yield from _table(("it may be", "then"), [(f"`{w}`", says) for w, says in meant.items()])
    elif setting.choices:
        yield from (f"It may be {_listed(setting.choices)}: see [dates](dates.md).", "")


@cache
def choices() -> Mapping[str, Mapping[str, str]]:
    """What the words mean that settings may be, by the setting's path."""
    data: Mapping[str, Mapping[str, str]] = load_yaml(read_source(HERE / "choices.yaml")).data
    return data


def _listed(words: Iterable[str]) -> str:
    *most, last = [f"`{word}`" for word in words]
    return f"{', '.join(most)} or {last}" if most else last


def _type(primitive: Primitive) -> Lines:
    literal = meanings()["literal"].get(primitive.name)
    if literal:
        yield from (f"Written: {literal}.", "")


def _given(primitive: Primitive) -> Lines:
    kind: Kind = base_kinds()[primitive.name]
    more = [f"It stands in the step *{kind.step.name.lower()}* of its day."]
    if not kind.happens:
        more.append("It may be recorded before its date.")
    if kind.shared:
        more.append("In a file of many contracts, one record without a contract reaches all.")
    if kind.one_of:
        more.append(f"It has at least one of {_listed(kind.one_of)}.")
    yield from (" ".join(more), "")
    rows = [
        (f"`{f.name}`", f.type, "yes" if f.required else "", _meant(f.describes, f.choices))
        for f in kind.fields.values()
    ]
    yield from _table(("field", "type", "required", "meaning"), rows)


def _meant(says: str, words: Iterable[str]) -> str:
    words = tuple(words)
    return f"{says}: {_listed(words)}" if words else says


def _told(primitive: Primitive) -> Lines:
    kind = told().get(primitive.name)
    if kind is None:
        return
    if kind.get("standing"):
        yield from ("It is told at the close of the as-of day only.", "")
    rows = [
        (f"`{name}`", spec["type"], _meant(spec["describes"], spec.get("choices", ())))
        for name, spec in kind["fields"].items()
    ]
    yield from (
        f"A finding about it is named after its `{kind['named-by']}`. Besides `date` it has:",
        "",
    )
    yield from _table(("field", "type", "meaning"), rows)


def _of_keys(primitive: Primitive) -> Lines:
    file = "contract" if primitive.group == "contract" else "clause"
    below = [
        (f"`{path.removeprefix(f'{primitive.name}.')}`", says)
        for path, says in keys()[file].items()
        if path.startswith(f"{primitive.name}.") and not path.startswith("rules.*.")
    ]
    if primitive.id == "section rules":
        yield from ("The parts of a rule stand on [a page of their own](rules.md).", "")
    if primitive.id == "section ledger":
        yield from ("The settings stand on [a page of their own](settings.md).", "")
    if below:
        yield from _table(("below it", "meaning"), below)


def _of_then(primitive: Primitive) -> Lines:
    start = f"rules.*.then.{primitive.name}."
    below = [
        (f"`{path.removeprefix(start)}`", says)
        for path, says in keys()["clause"].items()
        if path.startswith(start)
    ]
    if below:
        yield from _table(("below it", "meaning"), below)


_MORE: Mapping[str, Callable[[Primitive], Lines]] = {
    "setting": _setting,
    "fee": _fee,
    "type": _type,
    "kind": _given,
    "told": _told,
    "contract": _of_keys,
    "section": _of_keys,
    "then": _of_then,
}


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Lines:
    heads = tuple(heads)
    yield "| " + " | ".join(heads) + " |"
    yield "| " + " | ".join("---" for _ in heads) + " |"
    for row in rows:
        yield "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in row) + " |"
    yield ""


# Examples ----------------------------------------------------------------------------------------


def shown(example: Example) -> Lines:
    """An example as the page shows it, with what it gave."""
    yield from (f'??? example "{_quoted(example.says)}"', "")
    yield from (indent("\n".join(_body(example)), "    "), "")


def _quoted(text: str) -> str:
    return text.replace('"', "'")


def _body(example: Example) -> Lines:
    anchor, has_pack = f"{{ #example-{example.id} }}", example.pack.strip() != "{}"
    if has_pack:
        yield from ("In the pack:", anchor, "", "```yaml", example.pack.rstrip(), "```", "")
    more = [] if has_pack else [anchor]
    yield from ("Facts:", *more, "", "```yaml", example.facts.rstrip(), "```", "")
    asked = [f"as of {example.chosen['as-of']}"] if "as-of" in example.chosen else []
    for what in ("readings", "terms"):
        asked += [f"{n}={v}" for n, v in example.chosen.get(what, {}).items()]
    also = f", {', '.join(asked)}" if asked else ""
    yield from (
        f"What the report must hold{also}:",
        "",
        "```yaml",
        example.expect.rstrip(),
        "```",
        "",
    )
    yield from ("What it says:", "", "```text", *gave(example), "```", "")


def gave(example: Example) -> Lines:
    """What the report says of all that the example expects something of."""
    report = run(example).report
    expect: Mapping[str, Any] = load_yaml(Source("", example.expect)).data
    for part in ("findings", "obligations", "periods", "payments", "missing", "powers"):
        named = {"payments": "fact", "periods": "from", "missing": "fact"}.get(part, "id")
        wanted = {str(entry[named]) for entry in expect.get(part, ())}
        for entry in report[part]:
            if str(entry[named]) in wanted:
                yield from _TOLD[part](entry)
    for part in ("balances", "parties"):
        for name in expect.get(part, {}):
            yield f"{name.replace('_', ' ')}: {_plain(report[part][name])}"
    for name in expect.get("absent", ()):
        yield f"nothing is found of {name}"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return str(value)


def _finding(entry: Mapping[str, Any]) -> Lines:
    amount = f", {entry['amount']}" if entry["amount"] else ""
    yield f"{entry['outcome']}  {entry['id']}, {entry['date']}{amount}"
    yield indent(entry["says"], "    ")
    for revision in entry.get("revisions", ()):
        yield indent(f"{revision['outcome']}: {revision['says']}", "    ")


def _obligation(entry: Mapping[str, Any]) -> Lines:
    last = entry["last_day"]
    yield f"obligation  {entry['id']}: {entry['amount']}, last day to pay {last}, {entry['state']}"


def _period(entry: Mapping[str, Any]) -> Lines:
    yield f"period  {entry['from']} to {entry['to']}: {entry['rate']}, {entry['interest']}"
    yield from (indent(line, "    ") for line in entry["working"])


def _payment(entry: Mapping[str, Any]) -> Lines:
    parts = ("interest", "principal", "prepaid", "costs", "excess", "unapplied")
    split = ", ".join(f"{part} {entry[part]}" for part in parts if entry[part] != "0.00")
    yield f"payment  {entry['fact']} of {entry['amount']}: {split}"


def _missing(entry: Mapping[str, Any]) -> Lines:
    yield f"missing  {entry['fact']}, for {', '.join(entry['needed_for'])}"


def _power(entry: Mapping[str, Any]) -> Lines:
    since = f" since {entry['since']}" if entry["since"] else ""
    yield f"power  {entry['id']} of the {entry['holder']}: {entry['state']}{since}"


_TOLD: Mapping[str, Callable[[Mapping[str, Any]], Lines]] = {
    "findings": _finding,
    "obligations": _obligation,
    "periods": _period,
    "payments": _payment,
    "missing": _missing,
    "powers": _power,
}

# Cases, the report, recipes ----------------------------------------------------------------------


def _cases() -> Lines:
    yield from (
        "# Case files",
        "",
        "Beside `4-default.yaml` stands `4-default.cases.yaml`. `checker test PACK` runs it. A "
        "case gives facts and says what the report must hold; only what is listed is compared. "
        "The entries of `expect` are parts of the [report](report.md).",
        "",
    )
    yield from _table(("key", "meaning"), ((f"`{k}`", v) for k, v in keys()["cases"].items()))


def _generate() -> Lines:
    yield from (
        "# What is made up",
        "",
        "`checker generate` makes up portfolios of any packs: it reads from a pack when what falls "
        "due and at which rates, and has people draw, pay, prepay, be late, and so on. What a pack "
        "has of its own kinds of record stands in `generate.yaml` beside its clauses, as habits; "
        "it is no part of what the contract means. `checker lint` tells what is wrong in it.",
        "",
        "```yaml",
        (RULES / "revolving-note" / "generate.yaml").read_text(encoding="utf-8").rstrip(),
        "```",
        "",
    )
    yield from _table(("key", "meaning"), ((f"`{k}`", v) for k, v in keys()["generate"].items()))
    yield from ("These are the events; their fields stand after their names.", "")
    rows = (
        (f"`{name}`", says, ", ".join(f"`{name}.{field}`" for field in fields))
        for name, (says, fields) in EVENTS.items()
    )
    yield from _table(("event", "meaning", "fields"), rows)


def _report() -> Lines:
    yield from (
        "# The report",
        "",
        "`checker check … --format json` gives it whole. Money is text with two decimals. These "
        "fields may stand in the `expect` of a case.",
        "",
    )
    data = report_parts()
    rows = [(f"`{name}`", spec["describes"]) for name, spec in data["head"].items()]
    rows += [(f"`{name}`", says) for name, says in data["names"].items()]
    yield from _table(("field", "meaning"), rows)
    for name, part in data["parts"].items():
        yield from (f"## `{name}`", "", f"{part['describes']}.", "")
        fields = part["fields"].items()
        yield from _table(("field", "meaning"), ((f"`{n}`", s["describes"]) for n, s in fields))


def _lints() -> Lines:
    yield from (
        "# Lints",
        "",
        "What `checker lint PACK` looks for. The examples are parts of a small pack that is "
        "otherwise in order.",
        "",
    )
    for lint in lints().values():
        yield from (
            f"## `{lint.id}` ({lint.severity})",
            "",
            lint.finds,
            "",
            f"*Why:* {lint.why}",
            "",
        )
        yield from (f"*Mend:* {lint.mend}", "", "Bad:", "", "```yaml", lint.bad.rstrip(), "```", "")
        yield from ("Good:", "", "```yaml", lint.good.rstrip(), "```", "")


def recipes() -> tuple[Example, ...]:
    """The recipes, which are examples with a problem before them."""
    return tuple(read_examples(RECIPES))


def _recipes() -> Lines:
    yield from (
        "# Recipes",
        "",
        "What contracts often say, and how a pack says it. Each recipe is put into the small pack "
        "at the top of [the settings](reference/settings.md) and run when this page is made.",
        "",
    )
    for recipe in recipes():
        yield from (f"## {recipe.of[0]} {{ #{recipe.id} }}", "", recipe.says, "")
        yield from _body(recipe)


if __name__ == "__main__":  # `python -m docs.reference FOLDER` writes the pages as Markdown
    folder = Path(sys.argv[1])
    (folder / "reference").mkdir(parents=True, exist_ok=True)
    write_all([(folder / path, text) for path, text in pages().items()])
