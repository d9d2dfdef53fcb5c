"""The `backhaul` command."""

import argparse
import os
import sys
from collections.abc import Sequence

from backhaul.cli.doctor import doctor
from backhaul.cli.reset import reset
from backhaul.home import PROJECT_ROOT
from backhaul.supervisor import commands
from backhaul.supervisor.lock import AlreadyRunning
from backhaul.supervisor.options import Options, Refused
from backhaul.supervisor.run import supervise

DESCRIPTION = "Backhaul fills trucks on the way home."
EPILOG = """\
environment:
  PORT, HOST        where the web server listens (8000 on 127.0.0.1)
  BACKHAUL_HOME     data, sockets, logs, caches, secrets (.backhaul)
  DATABASE_URL      a PostgreSQL of your own instead of the embedded one
  REDIS_URL         a Redis of your own instead of the embedded one
  BASE_URL          the public address, where a proxy stands in front
"""


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) > 1_000_000:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0 to 1,000,000")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """Return the command line's description."""
    top = argparse.ArgumentParser(
        prog="backhaul", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = top.add_subparsers(dest="verb", metavar="COMMAND", required=True)

    demo = verbs.add_parser("demo", help="set up and run a living demo market", description=demo_text())
    demo.add_argument("--expose", action="store_true", help="allow HOST to open the demo to the network")
    demo.add_argument("--legs", type=_count, default=300, help="return legs on the market (300)")
    demo.add_argument("--loads", type=_count, default=2000, help="loads on the market (2000)")

    verbs.add_parser("up", help="set up and run an empty installation")
    verbs.add_parser("doctor", help="check this machine and say what is missing and how to mend it")

    again = verbs.add_parser("reset", help="delete this installation's data")
    again.add_argument("--yes", action="store_true", help="do not ask")

    verify = verbs.add_parser("verify", help="record that an organization may haul or broker")
    verify.add_argument("words", nargs=argparse.REMAINDER, metavar="ORG ...", help="`backhaul verify --help` says more")

    audit = verbs.add_parser("audit", help="check that no audit entry was changed or removed: `backhaul audit verify`")
    audit.add_argument("words", nargs=argparse.REMAINDER, metavar="verify [ORG]", help="`backhaul audit --help`")

    miles = verbs.add_parser("miles", help="road miles and driving minutes between two places")
    miles.add_argument("words", nargs=argparse.REMAINDER, metavar="FROM TO", help="or: --csv pairs.csv")

    hours = verbs.add_parser("hours", help="plan one duty chain at legal hours, from a JSON file")
    hours.add_argument(
        "words", nargs=argparse.REMAINDER, metavar="CHAIN.json", help="`backhaul hours --help` says more"
    )

    match = verbs.add_parser("match", help="match a CSV file of return legs with one of loads, without a server")
    match.add_argument("words", nargs=argparse.REMAINDER, metavar="LEGS LOADS", help="`match --help` says more")

    verbs.add_parser("prepare", help="migrate the database and load what the product needs (`up` does it)")
    verbs.add_parser("assets", help="install the front-end packages and collect static files (`up` does it)")
    verbs.add_parser("web", help="run the web server alone")
    verbs.add_parser("worker", help="run a worker alone")
    verbs.add_parser("relay", help="run the relay alone")
    return top


def demo_text() -> str:
    """Return what `backhaul demo --help` begins with."""
    return "Set up and run a demo market in BACKHAUL_HOME: seeded once, topped up at each start, alive while it runs."


def become(command: Sequence[str]) -> int:
    """Turn this process into another program of ours, so that signals reach it directly."""
    path = os.pathsep.join(filter(None, [str(PROJECT_ROOT), os.environ.get("PYTHONPATH")]))
    os.environ["PYTHONPATH"] = path
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backhaul.settings")
    sys.stdout.flush()
    os.execvp(command[0], list(command))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    # Handed on untouched: coordinates such as -87.6 and their own --help are not ours to read.
    if words[:1] in (["miles"], ["hours"], ["match"]):
        return become([sys.executable, "-m", f"backhaul.cli.{words[0]}", *words[1:]])
    if words[:1] in (["verify"], ["audit"]):
        os.environ["DATABASE_POOL"] = "0"
        return become(commands.django(*words))
    asked = parser().parse_args(words)
    try:
        return _run(asked)
    except (Refused, AlreadyRunning) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _run(asked: argparse.Namespace) -> int:
    match asked.verb:
        case "demo":
            return supervise(Options(demo=True, expose=asked.expose, legs=asked.legs, loads=asked.loads))
        case "up":
            return supervise(Options(demo=False))
        case "doctor":
            return doctor()
        case "reset":
            return reset(sure=asked.yes)
        case "web":
            options = Options(demo=False)
            return become(commands.web(host=options.host, port=options.port))
        case "worker":
            return become(commands.worker())
        case verb:
            if verb != "relay":
                os.environ["DATABASE_POOL"] = "0"
            return become(commands.django(verb))
