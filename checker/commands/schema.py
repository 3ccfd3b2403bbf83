"""`checker schema`: what editors need to complete and check a pack, and a template of facts."""

from __future__ import annotations

from pathlib import Path

import click

from checker.commands.output import write_all
from checker.loader import load_pack
from checker.model import Place, Problem, WrongInput
from checker.schema import FILES, as_json, schema_texts
from checker.schema import schema as schema_of
from checker.schema.sample import facts_csv


@click.command()
@click.argument("pack", required=False)
@click.option(
    "--for",
    "for_",
    type=click.Choice(FILES),
    help="Which file the schema is for.  [default: clause]",
)
@click.option("--facts", type=click.Choice(["csv"]), help="Print a template of the facts instead.")
@click.option("--output", metavar="DIR", help="Write all schemas into this folder instead.")
def schema(pack: str | None, for_: str | None, facts: str | None, output: str | None) -> int:
    """Prints the JSON Schema of a kind of file, for editors.

    With a PACK, the kinds of fact, terms, readings and rules that it has are known in the schemas
    of its clauses, cases and facts. An editor finds a schema by a file's first line:
    `# yaml-language-server: $schema=../.schema/clause.schema.json`.
    """
    if sum(option is not None for option in (for_, facts, output)) > 1:
        raise click.UsageError("choose one of --for, --facts and --output")
    loaded = load_pack(Path(pack)) if pack else None
    if facts:
        click.echo(facts_csv(loaded), nl=False)
    elif output is None:
        click.echo(as_json(schema_of(for_ or "clause", loaded)), nl=False)
    else:
        folder = Path(output)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            place = Place("--output", 1, 1, output)
            message = f"no folder can be made at '{output}': {error.strerror}"
            raise WrongInput([Problem(place, message)]) from error
        texts = [(folder / name, text) for name, text in schema_texts(loaded).items()]
        write_all(texts)
        for path, _text in texts:
            click.echo(str(path))
    return 0
