"""What a child process does between fork and exec: die with its parent, and never run PostgreSQL as root.

PostgreSQL refuses to run as root. As root we give it a user namespace in which it is an ordinary user and which maps to
root outside, so that nothing on the machine changes: no account is made and no file changes hands. Where namespaces are
not allowed it becomes `nobody` with the one capability it needs to reach a folder that is closed to others.
"""

import ctypes
import os
import pwd
import signal
import sys
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_CHILD_SUBREAPER = 36
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CLONE_NEWUSER = 0x10000000
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522
INNER_ID = 1000

ON_LINUX = sys.platform == "linux"
_libc = ctypes.CDLL(None, use_errno=True)  # looked up before any fork: dlopen is not safe between fork and exec


def _check(result: int, call: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")


def die_with_parent(sign: int = signal.SIGTERM) -> None:
    """Ask the kernel to send this process a signal when its parent dies, however it dies."""
    if ON_LINUX:
        _check(_libc.prctl(PR_SET_PDEATHSIG, sign, 0, 0, 0), "prctl")


def adopt_orphans() -> None:
    """Make grandchildren whose parent died children of this process, so that it can end them too."""
    if ON_LINUX:
        _check(_libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


def enter_user_namespace() -> None:
    """Become, in the eyes of this process alone, an ordinary user whose files are root's."""
    user, group = os.getuid(), os.getgid()
    _check(_libc.unshare(CLONE_NEWUSER), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{INNER_ID} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{INNER_ID} {group} 1")


def user_namespaces_work() -> bool:
    """Say whether this process may make a user namespace, by trying it in a child."""
    if not ON_LINUX:
        return False
    child = os.fork()
    if child == 0:
        try:
            enter_user_namespace()
            os._exit(0 if os.geteuid() == INNER_ID else 1)
        except BaseException:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


class _CapabilityHeader(ctypes.Structure):
    """`struct __user_cap_header_struct`."""

    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _CapabilityData(ctypes.Structure):
    """`struct __user_cap_data_struct`."""

    _fields_ = [(name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")]


def become_nobody() -> None:
    """Give up root for `nobody`, keeping only the right to pass folders that are closed to others."""
    nobody = pwd.getpwnam("nobody")
    _check(_libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "prctl")
    os.setgroups([])
    os.setresgid(nobody.pw_gid, nobody.pw_gid, nobody.pw_gid)
    os.setresuid(nobody.pw_uid, nobody.pw_uid, nobody.pw_uid)
    bit = 1 << CAP_DAC_OVERRIDE
    header = _CapabilityHeader(CAPABILITY_VERSION_3, 0)
    data = (_CapabilityData * 2)(_CapabilityData(bit, bit, bit), _CapabilityData(0, 0, 0))
    _check(_libc.capset(ctypes.byref(header), ctypes.byref(data)), "capset")
    _check(_libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0), "prctl")


def before_postgres(data: Path, death_signal: int = signal.SIGINT) -> Callable[[], None]:
    """Return what a PostgreSQL process must do between fork and exec so that it runs for whoever we are."""
    drop: Callable[[], None] | None = None
    if os.geteuid() == 0:
        drop = enter_user_namespace if user_namespaces_work() else become_nobody
        owner = 0 if drop is enter_user_namespace else pwd.getpwnam("nobody").pw_uid
        _give(data, owner)

    def prepare() -> None:
        if drop is not None:
            drop()
        die_with_parent(death_signal)  # last: a change of user clears it

    return prepare


def _give(data: Path, owner: int) -> None:
    """Let the data folder belong to the user PostgreSQL will run as, also when the way of running it has changed."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if data.stat().st_uid == owner:
        return
    for path in [data, *data.rglob("*")]:
        os.lchown(path, owner, -1)
