"""``python -m include.standalone up [--detach] | down | status | demo [--detach] | forget``."""

from __future__ import annotations

import argparse
import sys

from include.errors import IntegrationError
from include.standalone import up
from include.standalone.ports import Ports


def main(arguments: list[str] | None = None) -> int:
    """Carry out one command; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m include.standalone", description=up.__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, help_text in (("up", "start everything and keep it running"), ("demo", "the demonstration")):
        command = commands.add_parser(name, help=help_text)
        command.add_argument("--detach", action="store_true", help="do not stay in the foreground")
        if name == "up":
            for service in Ports._fields:
                command.add_argument(f"--{service.replace('_', '-')}-port", type=int, metavar="N")
    commands.add_parser("down", help="stop everything")
    commands.add_parser("status", help="say what runs")
    commands.add_parser("forget", help="delete the run folder")
    options = parser.parse_args(arguments)
    try:
        return _carry_out(options)
    except IntegrationError as problem:
        say(str(problem))
        return 1


def _carry_out(options: argparse.Namespace) -> int:
    run = up.run_folder()
    match options.command:
        case "up" if options.detach:
            return up.up_in_background(run, say)
        case "up":
            wished = {name: getattr(options, f"{name}_port") for name in Ports._fields}
            return up.supervise(run, say, {name: port for name, port in wished.items() if port})
        case "down":
            return up.down(run, say)
        case "status":
            return up.status(run, say)
        case "forget":
            return up.forget(run, say)
    from include.standalone import demo  # noqa: PLC0415 - only the demo pays for what it shows with

    return demo.run(run, detach=options.detach)


def say(line: str) -> None:
    """One line on standard output, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
