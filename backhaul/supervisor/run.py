"""One installation from nothing to a page that answers, and back to nothing."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

from backhaul.home import PROJECT_ROOT, folder, home, sockets
from backhaul.servers import PostgresServer, ServerFailed, ValkeyServer, privileges
from backhaul.servers.base import Server, last_lines, open_log
from backhaul.steps import Steps
from backhaul.supervisor import commands, front_end
from backhaul.supervisor.children import Child, end_stragglers, stop_all
from backhaul.supervisor.demo_file import demo_file, read_people, write_base_url
from backhaul.supervisor.lock import Lock
from backhaul.supervisor.options import Options

CHILDREN_STOP_SECONDS = 2.4
SERVERS_STOP_SECONDS = 1.5
FIRST_PAGE = "/accounts/login/"
FIRST_PAGE_SECONDS = 60.0
HOPELESS_DEATHS = 3  # of the web server before it ever answered
WATCH_SECONDS = 0.2
HEALTH_SECONDS = 20.0
DEAF_WORKER_SECONDS = 120.0  # without an answer to the canary: it runs but stopped consuming


class Stopped(BaseException):
    """Ctrl-C or SIGTERM came: leave, whatever was being done."""


class StepFailed(Exception):
    """A step of the set-up failed; the message says what it wrote last."""


class Supervisor:
    """Prepares, starts, watches and stops everything of one installation."""

    def __init__(self, options: Options, steps: Steps | None = None) -> None:
        """Take the options; nothing starts yet."""
        self.options = options
        self.steps = steps or Steps()
        self.logs = folder("logs")
        self.servers: list[Server] = []
        self.children: list[Child] = []
        self.collecting: subprocess.Popen[bytes] | None = None
        self.env = os.environ | {
            "BACKHAUL_HOME": str(home()),
            "DJANGO_SETTINGS_MODULE": "backhaul.settings",
            "HOST": options.host,
            "PORT": str(options.port),
            "BASE_URL": options.base_url,
            "BACKHAUL_DEMO": "1" if options.demo else "",
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(PROJECT_ROOT), os.environ.get("PYTHONPATH")])),
        }

    def run(self) -> int:
        """Run until a signal comes; return the exit status.

        Raises Refused, AlreadyRunning, ServerFailed and StepFailed, each with a message for the person at the terminal.
        """
        began = time.monotonic()
        with Lock() as lock:
            self.options.check()  # behind the lock: "it already runs" says more than "the port is taken"
            privileges.adopt_orphans()
            lock.tell({"base_url": self.options.base_url})
            self._listen_for_signals()
            try:
                self._prepare()
                self._start_children()
                self._wait_for_first_page()
                self._welcome(time.monotonic() - began)
                self._watch()
            except Stopped:
                pass
            finally:
                self._stop()
        return 0

    # --- from nothing to a page that answers ---

    def _prepare(self) -> None:
        kind = "demo" if self.options.demo else "installation"
        self.steps.say(f"Backhaul {kind} in {home()}")
        self._install_front_end()
        self._start_collecting()
        self._start_servers()
        self._run_shown(commands.django("prepare", *(["--demo", *self._market_size()] if self.options.demo else [])))
        self._finish_collecting()

    def _market_size(self) -> list[str]:
        return ["--legs", str(self.options.legs), "--loads", str(self.options.loads)]

    def _install_front_end(self) -> None:
        if front_end.installed():
            return
        with self.steps.step("Front-end packages"):
            command, env, workshop = front_end.npm_command()
            self._run_logged("npm", command, env=env, cwd=workshop)
            front_end.lay_out(workshop)

    def _start_collecting(self) -> None:
        """Collect static files beside the other steps: it needs a core for seconds and none of the servers."""
        self._fingerprint = front_end.fingerprint()
        stamp = home() / "staticfiles" / ".collected"
        if stamp.exists() and stamp.read_text() == self._fingerprint:
            return
        descriptor = open_log(self.logs / "static.log")
        self.collecting = subprocess.Popen(
            commands.django("collectstatic", "--noinput", "--clear"),
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            start_new_session=True,
            preexec_fn=privileges.die_with_parent,
        )
        os.close(descriptor)

    def _finish_collecting(self) -> None:
        if self.collecting is None:
            return
        with self.steps.step("Static files"):
            if self.collecting.wait() != 0:
                raise StepFailed(f"collecting static files failed:\n{last_lines(self.logs / 'static.log')}")
        (home() / "staticfiles" / ".collected").write_text(self._fingerprint)

    def _start_servers(self) -> None:
        if not os.environ.get("DATABASE_URL"):
            postgres = PostgresServer(data=home() / "postgresql", sockets=sockets(), log=self.logs / "postgresql.log")
            self._start_server(postgres, "new cluster" if not postgres.initialised else "")
        if not os.environ.get("REDIS_URL"):
            self._start_server(ValkeyServer(sockets=sockets(), log=self.logs / "valkey.log"))

    def _start_server(self, server: Server, words: str = "") -> None:
        self.servers.append(server)
        with self.steps.step(f"{server.name} (embedded)") as report:
            report(words)
            server.start()

    def _run_logged(self, name: str, command: Sequence[str], *, env: dict[str, str], cwd: Path) -> None:
        log = self.logs / f"{name}.log"
        descriptor = open_log(log)
        try:
            code = self._wait(command, env=env, cwd=cwd, output=descriptor)
        finally:
            os.close(descriptor)
        if code != 0:
            raise StepFailed(f"{name} failed. Its log ({log}) ends:\n{last_lines(log)}")

    def _run_shown(self, command: Sequence[str]) -> None:
        if self._wait(command, env=self.env, cwd=PROJECT_ROOT, output=None) != 0:
            raise StepFailed("The set-up stopped at the step above; what was done before it is kept.")

    def _wait(self, command: Sequence[str], *, env: dict[str, str], cwd: Path, output: int | None) -> int:
        process = subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=privileges.die_with_parent,
        )
        try:
            return process.wait()
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            raise

    def _start_children(self) -> None:
        python = commands.django
        wanted = [
            ("web", commands.web(host=self.options.host, port=self.options.port), signal.SIGTERM),
            ("worker", commands.worker(), signal.SIGQUIT),
            ("relay", python("relay"), signal.SIGTERM),
        ]
        if self.options.demo:
            wanted.append(("trickle", python("trickle", *self._market_size()), signal.SIGTERM))
        for name, command, orphan_signal in wanted:
            log = self.logs / f"{name}.log"
            self.children.append(Child(name, command, env=self.env, log=log, orphan_signal=orphan_signal))
        for child in self.children:
            child.start()

    def _wait_for_first_page(self) -> None:
        names = ", ".join(child.name for child in self.children)
        with self.steps.step(f"First page ({names})"):
            deadline = time.monotonic() + FIRST_PAGE_SECONDS
            while not self._page_answers():
                self._mend()
                if time.monotonic() > deadline or self.children[0].deaths >= HOPELESS_DEATHS:
                    log = self.logs / "web.log"
                    raise StepFailed(f"The web server does not answer. Its log ({log}) ends:\n{last_lines(log, 20)}")
                time.sleep(0.1)

    def _page_answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.options.local_url + FIRST_PAGE, timeout=10) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _welcome(self, seconds: float) -> None:
        say = self.steps.say
        say()
        say(f"  Ready after {seconds:.0f} s:  {self.options.base_url}/")
        if self.options.demo:
            write_base_url(self.options.base_url)
            say("  Sign in with one of:")
            for person in read_people():
                say(f"    {person['role']:<8} {person['email']:<38} {person['password']:<20} {person['organization']}")
            say(f"  (also in {demo_file()}; mails of new sign-ups go to {home() / 'mail'})")
        say("  Stop with Ctrl-C.")
        say()

    # --- while it runs ---

    def _watch(self) -> None:
        next_health = time.monotonic() + HEALTH_SECONDS
        while True:
            self._mend()
            if time.monotonic() >= next_health:
                next_health = time.monotonic() + HEALTH_SECONDS
                self._wake_deaf_worker()
            time.sleep(WATCH_SECONDS)

    def _mend(self) -> None:
        """Start again what died, servers first."""
        for server in self.servers:
            if not server.alive:
                self.steps.say(f"  ! {server.name} ended; starting it again. Its log: {server.log}")
                server.start()
        for child in self.children:
            if words := child.died():
                self.steps.say(f"  ! {words}")
            elif child.start_if_due():
                self.steps.say(f"  ! {child.name} started again")

    def _wake_deaf_worker(self) -> None:
        """Restart a worker that runs but does not answer the canary any more (it can happen after Redis was away)."""
        worker = next((child for child in self.children if child.name == "worker"), None)
        if worker is None or worker.process is None or time.monotonic() - worker.started_at < DEAF_WORKER_SECONDS:
            return
        age = self._canary_age()
        if age is not None and age > DEAF_WORKER_SECONDS:
            self.steps.say(f"  ! worker did not answer for {age:.0f} s; ending it")
            worker.end_group()

    def _canary_age(self) -> float | None:
        try:
            with urllib.request.urlopen(self.options.local_url + "/readyz", timeout=10) as answer:  # noqa: S310
                body = answer.read()
        except urllib.error.HTTPError as error:
            body = error.read()
        except (urllib.error.URLError, OSError):
            return None
        with suppress(ValueError, AttributeError, TypeError):
            age = json.loads(body)["worker"]["seconds_since_canary"]
            return None if age is None else float(age)
        return None

    # --- back to nothing ---

    def _listen_for_signals(self) -> None:
        def leave(number: int, frame: FrameType | None) -> None:
            for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(each, signal.SIG_IGN)  # once is enough: the end must not be interrupted
            raise Stopped

        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, leave)

    def _stop(self) -> None:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        began = time.monotonic()
        if self.children or self.servers:
            with suppress(OSError):
                self.steps.say("\n  Stopping")
        stop_all(self.children, CHILDREN_STOP_SECONDS)
        for server in self.servers:
            if server.process is not None and server.alive:
                server.process.send_signal(server.stop_signal)
        deadline = time.monotonic() + SERVERS_STOP_SECONDS
        for server in self.servers:
            server.stop(max(0.1, deadline - time.monotonic()))
        end_stragglers()
        with suppress(OSError):
            self.steps.say(f"  Stopped after {time.monotonic() - began:.1f} s")


def supervise(options: Options) -> int:
    """Run an installation; print what goes wrong in words, and return the exit status."""
    try:
        return Supervisor(options).run()
    except (ServerFailed, StepFailed, front_end.NoNpm) as error:
        sys.stderr.write(f"\n{error}\n\n`backhaul doctor` says what this machine lacks.\n")
        return 1
