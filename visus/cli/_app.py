"""The command line: every file of this folder is a command; its signature is its help."""

import sys
import traceback
from collections.abc import Callable, Iterable
from typing import Annotated

import typer

from .. import cli
from ..engine import catalogue

DEBUG = "--debug"
INTERRUPTED = 130  # what typer makes of a Ctrl-C that the command itself did not catch
# As a user meets them.
ORDER = (
    *("fit", "predict", "play", "sample", "complete", "latent", "translate", "evaluate", "explain", "stress", "attack"),
    *("compare", "ensemble", "transfer", "audit", "data", "worlds", "check", "doctor"),
    *("describe", "recipes", "train", "rate", "search", "crossvalidate", "lab", "circuit", "runs", "resume", "report"),
)


class UsageError(Exception):
    """What was typed cannot be meant; the text says what can. The exit code is 2."""


def app() -> typer.Typer:
    """All commands. Their modules import torch only when they run, so that help comes at once."""
    found = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @found.callback()
    def about(
        debug: Annotated[bool, typer.Option(DEBUG, help="Show where an error happened.")] = False,
        version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
    ) -> None:
        """Visus trains vision models and checks its own work.

        Point it at a folder with one sub-folder of pictures per class: **visus fit photos/**
        """

    for name in sorted(catalogue.names(cli), key=lambda n: (ORDER.index(n) if n in ORDER else len(ORDER), n)):
        module = catalogue.find(cli, name)
        if commands := getattr(module, "COMMANDS", ()):
            found.add_typer(_group(module.command, commands), name=name)
        else:
            found.command(name)(module.command)
    return found


def _group(about: Callable[..., None], commands: Iterable[Callable[..., object]]) -> typer.Typer:
    """A command with commands of its own: a file with COMMANDS, each called as its function is."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown")
    group.callback()(about)
    for command in commands:
        group.command(command.__name__)(command)
    return group


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code; a person's mistake is one line, never a traceback."""
    debug = DEBUG in arguments
    arguments = [argument for argument in arguments if argument != DEBUG]
    if arguments == ["--version"]:
        from .. import __version__

        print(f"visus {__version__}")  # noqa: T201
        return 0
    try:
        code = int(app()(arguments, prog_name="visus", standalone_mode=False) or 0)
        return _fail("stopped", 1) if code == INTERRUPTED else code
    except typer.Exit as done:
        return done.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return _fail("stopped", 1)
    except BrokenPipeError:  # the reader of our output, `head` for one, had enough
        sys.stderr.close()
        return 0
    except Exception as error:
        if debug:
            traceback.print_exc()
            return 1
        return _explain(error)


def _explain(error: Exception) -> int:
    if hasattr(error, "format_message"):  # what typer makes of a command line it cannot read
        sentence = error.format_message().rstrip(".")
        # Without a command typer has shown the help already and has nothing to add.
        return _fail(f"{sentence} (`visus --help` shows what can be typed)", 2) if sentence else 0
    if isinstance(error, UsageError):
        return _fail(str(error), 2)
    if isinstance(error, ValueError | LookupError | OSError | RuntimeError):
        return _fail(str(error), 1)
    return _fail(f"{type(error).__name__}: {error}; run again with --debug to see where, and please report it", 1)


def _fail(sentence: str, code: int) -> int:
    print(f"visus: {sentence}", file=sys.stderr)  # noqa: T201
    return code
