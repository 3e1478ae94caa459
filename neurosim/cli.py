"""The command line: `neurosim run | replay | info | draw | models | clean-cache`.

Exit status: 0; 1 if a replay differs; 2 for an error, which is printed as one line; 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import ast
import os
import runpy
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import neurosim as ns
from neurosim.cache import requested_folder
from neurosim.errors import DISTRIBUTION, DescriptionError, NeurosimError, nearest
from neurosim.figures.axes import need_matplotlib
from neurosim.network.network import Network
from neurosim.recording.safe_hdf5 import NETWORK, RECORDING, open_file
from neurosim.versions import version

DIFFERS, FAILED, INTERRUPTED = 1, 2, 130  # exit statuses
Command = Callable[[argparse.Namespace], int]
TOLERANCE = (
    "how far values may be apart, as a fraction of the largest (default: 0, the same bits);"
    " spikes must be the same"
)
RECORD = (
    "what to record instead: a population ('liquid'), one of its variables ('liquid.v', 'liquid[:9].v'),"
    " or all"
)
TIMES = ("us", "ms", "second", "s")

EXAMPLES = """\
examples:
  neurosim models                                     the ready architectures
  neurosim run liquid                                 a small run of one of them
  neurosim run liquid --to liquid.h5 --seed 3         the same, kept in a file
  neurosim run study.py --trials 10                   a script of your own; what follows it is its own
  neurosim info liquid.h5                             what the file holds, without running anything
  neurosim replay liquid.h5                           run it again from the file alone, and compare
  neurosim draw liquid                                a picture of the network: liquid.png
  neurosim clean-cache                                delete what was compiled to run networks fast
"""

RUN = """\
A model is run as its example() says, with the changes asked for here, and the summary of its recording is
printed. Ctrl-C ends the run after the tick that is running; what was recorded so far is kept. A second one
stops at once.

A script (a path that ends in .py) is run as `python SCRIPT ARGUMENTS` would: all that follows it is passed on
to it.
"""

RUN_EXAMPLES = """\
examples:
  neurosim run balanced_coba --duration 500ms --to coba.h5
  neurosim run hopfield --record cells cells.s --seed 7
  neurosim run study.py --trials 10
"""

CLEAN = """\
Delete the compiled code that neurosim keeps in your cache folder, or in the folder that NEUROSIM_CACHE names.
Nothing else in that folder is touched. What a network needs is compiled again when it runs, which takes
seconds.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status. argv: the arguments, default those of the process."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        # What follows a script belongs to the script, so it must not be parsed here.
        if arguments[:1] == ["run"] and arguments[1:2] and _is_script(arguments[1]):
            return _run_script(arguments[1], arguments[2:])
        parser = _parser()
        args = parser.parse_args(arguments)
        if args.version:
            print(f"neurosim {version(DISTRIBUTION)}")
            return 0
        if args.command is None:
            parser.print_help(sys.stderr)
            return FAILED
        status = args.command(args)
        sys.stdout.flush()
        return status
    except NeurosimError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        _fail("interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # the reader, such as `head`, has ended; nothing more can be printed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def _fail(message: str) -> int:
    print("neurosim:", " ".join(message.split()), file=sys.stderr)
    return FAILED


def _parser() -> argparse.ArgumentParser:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="neurosim",
        description="Run, replay, inspect and draw neural networks.",
        epilog=EXAMPLES,
        formatter_class=plain,
    )
    parser.add_argument("--version", action="store_true", help="show the version and exit")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def command(
        name: str, run: Command, brief: str, about: str | None = None, epilog: str | None = None
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name,
            help=brief,
            description=about or brief[0].upper() + brief[1:] + ".",
            epilog=epilog,
            formatter_class=plain,
        )
        added.set_defaults(command=run)
        return added

    _add_run_options(command("run", _run, "run a model or a script", RUN, RUN_EXAMPLES))

    replay = command(
        "replay",
        _replay,
        "run a recording again from its file alone, and compare: exit status 0 if identical, 1 if not",
    )
    replay.add_argument("file", metavar="FILE", help="a recording")
    replay.add_argument("--tolerance", metavar="X", type=_tolerance, default=0.0, help=TOLERANCE)
    replay.add_argument(
        "--engine", metavar="NAME", help="which engine runs it (default: the one that made the recording)"
    )

    info = command("info", _info, "show what a recording or a saved network holds, without running anything")
    info.add_argument("what", metavar="FILE", help="a recording or a saved network; or a model")

    draw = command("draw", _draw, "draw a network: its populations and synapses")
    draw.add_argument(
        "what",
        metavar="MODEL_OR_FILE",
        help="a model (see `neurosim models`), a recording or a saved network",
    )
    draw.add_argument(
        "--to",
        metavar="FILE",
        help="the picture: .png, .svg or .pdf (default: the name of what is drawn, .png)",
    )

    command("models", _models, "list the models that can be run and drawn")
    command("clean-cache", _clean_cache, "delete what was compiled; what is needed is compiled again", CLEAN)
    return parser


def _add_run_options(run: argparse.ArgumentParser) -> None:
    run.add_argument(
        "what",
        metavar="MODEL_OR_SCRIPT",
        help="a model (see `neurosim models`), or the path of a Python script",
    )
    run.add_argument(
        "--to", metavar="FILE", help="keep the recording in this HDF5 file, written while the network runs"
    )
    length = run.add_mutually_exclusive_group()
    length.add_argument("--ticks", metavar="N", type=int, help="how long, in ticks")
    length.add_argument(
        "--duration",
        metavar="TIME",
        type=_duration,
        help="how long, such as 300ms or 0.5s, for models that have a clock",
    )
    run.add_argument("--seed", metavar="N", type=int, help="of all random numbers: wiring, weights, noise")
    run.add_argument(
        "--engine", metavar="NAME", help="which engine runs it (default: auto, the fastest that can)"
    )
    run.add_argument("--precision", metavar="NAME", help="double, mixed, single or half")
    run.add_argument("--record", metavar="NAME", nargs="+", action="extend", help=RECORD)


def _duration(text: str) -> tuple[float, str]:
    """The number and the unit of a time such as '300ms'."""
    bare = text.replace("*", " ").strip()
    name = next((unit for unit in TIMES if bare.endswith(unit)), "")
    try:
        if not name:
            raise ValueError
        return float(bare.removesuffix(name)), name
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time. Give a number and a unit, such as 300ms or 0.5s."
        ) from None


def _tolerance(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a tolerance. Give a number such as 1e-9.")
    return number


def _is_script(what: str) -> bool:
    return what.endswith(".py")


def _run(args: argparse.Namespace) -> int:
    if _is_script(args.what):
        raise DescriptionError(
            "run: options before a script are not passed on to it."
            f" Give them after it: neurosim run {args.what} ..."
        )
    _refuse_file(args.what)
    arguments = _example(args.what)
    if args.ticks is not None or args.duration is not None:
        arguments = {name: value for name, value in arguments.items() if name not in ("ticks", "duration")}
    if args.duration is not None:
        number, unit = args.duration
        arguments["duration"] = number * getattr(ns.units, "second" if unit == "s" else unit)
    options = {name: getattr(args, name) for name in ("ticks", "seed", "engine", "precision", "record", "to")}
    arguments |= {name: value for name, value in options.items() if value is not None}
    if arguments.get("record") == ["all"]:
        arguments["record"] = "all"
    with ns.run(**arguments) as recording:
        print(recording)
        return INTERRUPTED if recording.stopped == "interrupted" else 0


def _refuse_file(what: str) -> None:
    if what not in _names() and _is_file(what):
        raise DescriptionError(
            f"run: {what} is neither a model nor a script (.py)."
            f" Run a recording again with neurosim replay {what}."
        )


def _run_script(path: str, arguments: list[str]) -> int:
    """Run a script as __main__. A message for an error of neurosim names the line of the script that caused
    it.
    """
    if not _is_file(path):
        raise DescriptionError(f"run: there is no script {path}. Check the path.")
    argv, search = sys.argv, list(sys.path)
    try:
        sys.argv = [path, *arguments]
        sys.path.insert(0, str(Path(path).resolve().parent))
        runpy.run_path(path, run_name="__main__")
    except NeurosimError as error:
        return _fail(f"{_line(error, path)}: {error}")
    finally:
        sys.argv, sys.path[:] = argv, search
    return 0


def _line(error: BaseException, path: str) -> str:
    """The script, and its last line on the way to where the error was raised."""
    line, trace = path, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = f"{path}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return line


def _replay(args: argparse.Namespace) -> int:
    result = ns.replay(args.file, engine=args.engine, tolerance=args.tolerance)
    if result.recording.stopped == "interrupted":
        raise KeyboardInterrupt
    print(result)
    return 0 if result.identical else DIFFERS


def _info(args: argparse.Namespace) -> int:
    if args.what not in _names() and _is_recording(args.what):
        with ns.open(args.what) as recording:
            print(recording, end="\n\n")
    print(_network(args.what))
    return 0


def _draw(args: argparse.Namespace) -> int:
    if _is_script(args.what):
        raise DescriptionError(
            f"draw: {args.what} is a script, which may have any number of networks."
            " Call ns.figures.diagram(net) in it."
        )
    net, path = _network(args.what), Path(args.to or f"{Path(args.what).stem}.png")
    pyplot = need_matplotlib()
    pyplot.switch_backend("agg")  # no window is opened
    figure: Any = ns.figures.diagram(net).figure
    try:
        figure.savefig(path, dpi=150)
    except (OSError, ValueError) as error:  # no such folder, no such kind of picture
        raise NeurosimError(
            f"draw: cannot write {path}: {error}."
            " Give a path that ends in .png, .svg or .pdf, in a folder that exists."
        ) from error
    finally:
        pyplot.close(figure)
    print(f"Drawn: {path}")
    return 0


def _models(args: argparse.Namespace) -> int:
    """Print each model with the first line of its docstring. The files are parsed, not run, which takes less
    time.
    """
    width = max(map(len, _names()))
    for name in _names():
        source: Any = find_spec(f"neurosim.models.{name}")
        about = ast.get_docstring(ast.parse(source.loader.get_source(source.name))) or ""
        print(f"{name:{width}}  {about.partition(chr(10))[0]}")
    return 0


def _clean_cache(args: argparse.Namespace) -> int:
    from neurosim.engine.events.build import clean_cache

    count, size = clean_cache()
    print(
        f"Removed {count} files ({size / 1e6:.1f} MB) from {requested_folder()}"
        if count
        else f"Nothing to remove in {requested_folder()}"
    )
    return 0


def _names() -> tuple[str, ...]:
    return import_module("neurosim.models").NAMES


def _example(name: str) -> dict[str, Any]:
    """The arguments of a model's small run."""
    if name not in _names():
        raise DescriptionError(
            f"There is no model {name!r}. {nearest(name, _names())} See all with neurosim models."
        )
    return dict(import_module(f"neurosim.models.{name}").example())


def _network(what: str) -> Network:
    """The network of a model, a recording or a saved network."""
    if what in _names() or not _looks_like_a_file(what):
        return _example(what)["net"]
    return ns.load(what)


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except (OSError, ValueError):  # the name is too long, or contains a null character
        return False


def _looks_like_a_file(what: str) -> bool:
    return _is_file(what) or Path(what).name != what or bool(Path(what).suffix)


def _is_recording(what: str) -> bool:
    """Whether a file holds a recording, and not only a network; False if there is no such file."""
    if not _looks_like_a_file(what):
        return False
    file, _ = open_file(what, (RECORDING, NETWORK))
    with file:
        return file["neurosim"].attrs["format"] == RECORDING.encode()
