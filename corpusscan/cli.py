"""Commands, flags, exit codes and the terminal's face.  Data goes to stdout, everything else to stderr."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from corpusscan.errors import CorpusScanError, UsageError
from corpusscan.index_commands import index
from corpusscan.redteam_commands import redteam
from corpusscan.train_commands import train
from corpusscan.version import __version__

if TYPE_CHECKING:
    from corpusscan.config import ScanConfig
    from corpusscan.meaning.claims import ClaimPack
    from corpusscan.rules import Pack

EXIT_CODES = """Exit codes: 0 nothing at or above --fail-on; 1 findings; 2 usage or unreadable input;
3 incomplete: something was not read (wins over 1); 130 interrupted."""
INTERRUPTED = 130
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=_CONTEXT, epilog="Begin with:  corpusscan scan FOLDER")
@click.version_option(__version__, prog_name="corpusscan")
def cli() -> None:
    """Finds planted documents in the text that language models learn from."""


@cli.command(epilog=EXIT_CODES)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "-o",
    "--out",
    default="corpusscan-report",
    show_default=True,
    metavar="OUT",
    help="Folder for the report, or s3://BUCKET/NAME.",
)
@click.option(
    "--text-column", multiple=True, metavar="C", help="A column to scan (repeatable); default: found by name."
)
@click.option("--id-column", metavar="C", help="The column that names a document.")
@click.option("--label-column", metavar="C", help="The column with the label.")
@click.option("--source-column", metavar="C", help="The column that says where a document is from.")
@click.option("--time-column", metavar="C", help="The column with its date.")
@click.option("--lines", is_flag=True, default=None, help="Plain text holds a document per line, not one per file.")
@click.option("--detectors", metavar="A,B", help="Run only these; default: all.")
@click.option("--without", metavar="A,B", help="Run all but these.")
@click.option("--rules", multiple=True, metavar="DIR", help="Another rule pack (repeatable), beside those shipped.")
@click.option(
    "--tokenizer", metavar="NAME_OR_PATH", help="Count tokens with this tokenizer; default: one per four bytes."
)
@click.option(
    "--knowledge", metavar="FILE", help="Known triples (CSV or Parquet: subject, relation, object); others are found."
)
@click.option(
    "--model", metavar="NAME_OR_PATH", help="Also compare by a sentence model: a folder, or NAME@REVISION of the hub."
)
@click.option("--embed", metavar="WHAT", help="What the model reads: suspects, or all.  [default: suspects]")
@click.option("--device", metavar="DEVICE", help="Where the model runs: auto, cpu, cuda.  [default: auto]")
@click.option("--engine", metavar="NAME", help="Where the work is done: local, or ray.  [default: local]")
@click.option("--ray-address", metavar="ADDRESS", help="A Ray cluster that shares OUT; default: one on this machine.")
@click.option("--shard-index", type=int, metavar="I", help="Do one part of the work, I of 0 to N-1; see docs/scale.md.")
@click.option("--shard-count", type=int, metavar="N", help="In how many parts the work is done.")
@click.option("--workers", type=int, metavar="N", help="Worker processes; default: one per core.")
@click.option("--memory-limit", metavar="SIZE", help="Memory a worker may hold, as in 2GiB.  [default: 4GiB]")
@click.option(
    "--task-timeout", type=int, metavar="SECONDS", help="End a worker that is silent for so long.  [default: 1800]"
)
@click.option(
    "--max-document", metavar="SIZE", help="Longer texts are scanned in overlapping pieces.  [default: 16MiB]"
)
@click.option(
    "--decode-levels", type=int, metavar="N", help="Undo encodings once, or 2: also base64 of base64.  [default: 1]"
)
@click.option(
    "--sample",
    type=float,
    metavar="FRACTION",
    help="Read only this part of the shards; the verdict is then incomplete.",
)
@click.option(
    "--fail-on",
    metavar="SEVERITY",
    help="Exit 1 from this severity on: info, low, medium, high, critical.  [default: high]",
)
@click.option(
    "--allow-skipped",
    multiple=True,
    metavar="REASON=N",
    help="So many records skipped for REASON are no gap (repeatable).",
)
@click.option("--baseline", metavar="FILE", help="Findings that a reviewer has accepted.")
@click.option("--write-baseline", metavar="FILE", help="Accept all findings of this scan: write them to FILE.")
@click.option(
    "--save-rules", metavar="DIR", help="Write a rule pack of the triggers that were mined, for --rules of later scans."
)
@click.option("--seed", type=int, help="Derive the secret run key from a number, so that hashes can be reproduced.")
@click.option(
    "--index", metavar="DIR", help="Compare with the corpora of earlier scans that used DIR, and add this one."
)
@click.option(
    "--power", metavar="HOW", help="quick: also say which planted campaigns this scan finds, in 30 % of its time."
)
@click.option("--sketch", metavar="NAME", help="How near-copies are paired: fss, or affine32 as datasketch does.")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="TOML with any of these flags as keys.",
)
@click.option("--overwrite", is_flag=True, default=None, help="Use OUT although it holds something else.")
@click.option(
    "--no-excerpts", "excerpts", flag_value=False, default=None, type=bool, help="Leave the text out of the report."
)
@click.option("--plan", "plan_only", is_flag=True, help="Say what would be read and what it takes; do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print summary.json on stdout.")
@click.option("--quiet", is_flag=True, help="No progress and no summary; errors still.")
def scan(
    inputs: tuple[str, ...],
    out: str,
    config_file: Path | None,
    plan_only: bool,
    as_json: bool,
    quiet: bool,
    **flags: Any,
) -> None:
    """Audit INPUT and leave a report in OUT.

    INPUT is a file, a folder or a quoted glob of JSON (lines or an array), CSV, TSV, plain text, HTML (.gz, .zst, .bz2,
    .xz too), Parquet or Arrow (.arrow, .feather); or where these lie elsewhere: s3://BUCKET/PREFIX, https://HOST/FILE,
    hf://datasets/OWNER/NAME[@REVISION].
    Columns are found by name.  A scan that was stopped goes on when the same command is given again.
    """
    from corpusscan import audit, terminal

    config = _config(inputs, config_file, flags, quiet)
    if plan_only:
        terminal.show_plan(list(inputs), out, config)
        return
    with terminal.progress(quiet) as show:
        report = audit.run(list(inputs), out, config, show)
    if as_json:
        click.echo((report.out / "summary.json").read_text("utf-8"))
    if not quiet:
        terminal.show_report(report)
    sys.exit(report.exit_code)


@cli.command()
@click.argument("out", metavar="OUT")
@click.option("--json", "as_json", is_flag=True, help="Print summary.json on stdout.")
@click.option("--card", "as_card", is_flag=True, help="Print an audit block for the card of a dataset (Markdown).")
def report(out: str, as_json: bool, as_card: bool) -> None:
    """Rebuild summary.json, report.html and findings.sarif in OUT from its tables."""
    from corpusscan import terminal
    from corpusscan.report import card, pages

    if as_json and as_card:
        raise UsageError("--json and --card: both go to stdout; give one")
    built = pages.rebuild(out)
    if as_card:
        click.echo(card.card(built), nl=False)
        return
    if as_json:
        click.echo((built.out / "summary.json").read_text("utf-8"))
    terminal.show_report(built)


@cli.group()
def rules() -> None:
    """Look at rule packs and run the tests that every rule carries."""


@rules.command("list")
@click.argument("packs", nargs=-1, metavar="[DIR]...")
def list_rules(packs: tuple[str, ...]) -> None:
    """Print the rules and claims of the shipped packs, or of the packs in DIR: severity, attack, id, title."""
    for rule in (rule for pack in _load(packs) for rule in pack.rules):
        click.echo(f"{rule.severity:9} {rule.attack:22} {rule.id:44} {rule.title}")
    for claim in (claim for pack in _claims(packs) for claim in pack.claims):
        click.echo(f"{claim.severity:9} {'misinformation':22} {claim.id:44} {claim.claim}")


@rules.command("test")
@click.argument("packs", nargs=-1, metavar="[DIR]...")
def test_rules(packs: tuple[str, ...]) -> None:
    """Check the rules and claims of the shipped packs, or of the packs in DIR, against their own tests."""
    from corpusscan.meaning import asserting
    from corpusscan.sought import self_test, unguarded

    loaded, claimed = _load(packs), _claims(packs)
    complaints = [f"{rule.id}: {told}" for pack in loaded for rule in pack.rules if (told := rule.complaint())]
    failures = complaints + self_test(loaded) + asserting.self_test(claimed)
    count, claims = sum(len(pack.rules) for pack in loaded), sum(len(pack.claims) for pack in claimed)
    for failure in failures:
        click.echo(failure, err=True)
    for rule in unguarded(loaded):
        click.echo(f"{rule}: slow, a pattern has no literal of four bytes that every match must contain", err=True)
    told = f"{count} rules, {claims} claims" if claims else f"{count} rules"
    click.echo(f"{told}, {len(failures)} failures")
    sys.exit(1 if failures else 0)


@cli.command()
@click.argument("name", required=False)
def detectors(name: str | None) -> None:
    """Print the detectors there are, or the settings of one."""
    import dataclasses

    from corpusscan.detectors import find, names

    for each in [name] if name else names():
        kind = find(each)
        click.echo(f"{each:18} {(kind.__doc__ or '').splitlines()[0]}")
        if name:
            for field in dataclasses.fields(kind):  # type: ignore[arg-type]  # detectors are frozen dataclasses
                click.echo(f"  {field.name} = {field.default!r}")
            for line in kind().runs_on():
                click.echo(f"  {line}")
            if curve := kind().curve():
                click.echo(f"  {curve[0]}:")
                click.echo("".join(f"    {point}  {share:7.2%}\n" for point, share in curve[1].items()), nl=False)


cli.add_command(index)
cli.add_command(redteam)
cli.add_command(train)


def _load(packs: tuple[str, ...]) -> tuple[Pack, ...]:
    from corpusscan import rules as packs_

    rules = packs_.load(packs or packs_.shipped_packs())
    return (*rules, *packs_.load(packs or packs_.shipped_packs("weaknesses"), "weaknesses"))


def _claims(packs: tuple[str, ...]) -> tuple[ClaimPack, ...]:
    from corpusscan.meaning import claims

    return claims.load(packs or claims.shipped())


def _config(inputs: tuple[str, ...], file: Path | None, flags: dict[str, Any], quiet: bool) -> ScanConfig:
    """Flags over the TOML file over defaults.  A file in the working folder counts only when that is no input."""
    from corpusscan import config

    here = Path(config.FILE_NAME)
    if file is None and here.is_file():
        if not _below_an_input(inputs):
            file = here
        elif not quiet:
            click.echo(f"{here} lies in an INPUT, so it is not read; to use it: --config {here}", err=True)
    values = config.load(file) if file else {}
    if file:  # also where all else is quiet: it may change what is looked for
        click.echo(f"Configuration: {file}", err=True)
    for name in ("detectors", "without"):
        if flags[name] is not None:
            flags[name] = [part.strip() for part in flags[name].split(",") if part.strip()]
    flags["allow_skipped"] = dict(_allowance(item) for item in flags["allow_skipped"])
    given = {name: value for name, value in flags.items() if value is not None and value not in ((), {})}
    return config.build({**values, **given}, str(file) if file and not given else "flags")


def _below_an_input(inputs: tuple[str, ...]) -> bool:
    import glob

    from corpusscan.config import FILE_NAME
    from corpusscan.io.places.finding import root_of

    found = Path.cwd().resolve(), Path(FILE_NAME).resolve()
    folders = [root_of(name) if glob.has_magic(name) and not Path(name).exists() else Path(name) for name in inputs]
    roots = [folder.resolve() for folder in folders if folder.is_dir()]
    return any(place.is_relative_to(root) for place in found for root in roots)


def _allowance(text: str) -> tuple[str, int]:
    reason, _, number = text.partition("=")
    if not reason or not number.isdigit():
        raise UsageError(f"--allow-skipped {text}: write REASON=N, as in line_too_long=3")
    return reason, int(number)


def main() -> NoReturn:
    """Run the command line; every error on purpose is one line on stderr and an exit code."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except CorpusScanError as error:
        from corpusscan.report.visible import visible

        click.echo(f"corpusscan: {visible(str(error))}", err=True)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _interrupted()
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output left: no complaint
        sys.exit(0)
    sys.exit(0)


def _interrupted() -> NoReturn:
    import shlex

    click.echo(
        f"\nInterrupted; finished work is kept. To go on:\n  {shlex.join(['corpusscan', *sys.argv[1:]])}", err=True
    )
    sys.exit(INTERRUPTED)
