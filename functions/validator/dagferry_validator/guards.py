"""What binds the process in which a file is imported, before the file's first line runs.

The kernel's limits hold for anybody: time, memory, files, system calls. The audit hook (PEP 578) speaks to honest authors: it refuses in
Python's words, with the line, and remembers what was tried. It can be got around by native code, which the kernel's limits then stop.
"""
import ctypes
import errno
import os
import re
import resource
import signal
import sys

from . import landlock, seccomp
from .rules import FORBIDDEN, REFUSED, finding

PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4
FILES, FILE_SIZE = 256, 64 << 20
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
PROCESSES = {"os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.exec", "os.system", "os.startfile", "subprocess.Popen", "pty.spawn"}
NETWORK = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo",
           "socket.sendto", "socket.sendmsg"}
# The standard library looks for libraries and names of machines by running programs, and does without when it cannot.
PROBES = tuple(os.path.join(os.path.dirname(os.__file__), name) for name in ("ctypes/util.py", "platform.py", "uuid.py"))
SECRETS = re.compile(r"/proc/(\d+)/(?:task/\d+/)?(?:environ|mem)$")


def unreadable():
    """Keeps processes of the same user from reading this one's memory and environment."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def die_with_parent():
    """Has the kernel end this process when its parent does, however that goes."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def names():
    """What guards this kernel has, for the answer."""
    return ["limits", "audit"] + ["seccomp"] * seccomp.available() + ["landlock"] * bool(landlock.version())


def kept_from_interpreter():
    """Whether the kernel keeps this user, or what is bound, from writing what Python and Airflow run."""
    return bool(landlock.version()) or not any(os.access(folder, os.W_OK) for folder in (os.path.dirname(os.__file__), sys.prefix))


def limit(seconds, memory):
    """Bounds processor time, and memory beyond what the process has already; in bytes."""
    used = address_space()
    for what, soft in [("CPU", int(seconds) + 1), ("AS", used + memory if used else None), ("NOFILE", FILES), ("FSIZE", FILE_SIZE), ("CORE", 0)]:
        number = getattr(resource, "RLIMIT_" + what)
        hard = resource.getrlimit(number)[1]
        if soft is not None:
            soft = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
            resource.setrlimit(number, (soft, soft))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file that grows too large is an error then


def address_space():
    try:
        with open("/proc/self/statm") as sizes:
            return int(sizes.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0  # no Linux: there, address space cannot be bound


def bind(scratch):
    """Takes privileges, all writing outside of scratch, and dangerous system calls."""
    if sys.platform == "linux":
        drop_capabilities()
    if landlock.version():
        landlock.restrict(scratch)
    if seccomp.available():
        seccomp.install()


def drop_capabilities():
    """Root without capabilities cannot read other processes; anybody else has none."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this process
    ctypes.CDLL(None).capset(header, (ctypes.c_uint32 * 6)())


def watch(path, scratch):
    """Installs the hook for a file's import, and returns the list that its findings are put into."""
    acts, scratch = [], os.path.realpath(scratch) + os.sep

    def refuse(message):
        # A library's inner tries come in rows: one finding for a line is enough.
        line = line_in(path)
        if not any(act["line"] == line for act in acts):
            acts.append(finding(FORBIDDEN, message + " while it is imported", line))
        raise PermissionError(errno.EACCES, REFUSED + message + " while it is imported")

    def hook(event, args):
        if event == "open":
            opened(args[0], args[2])
        elif event in NETWORK:
            refuse("uses the network (%s)" % event)
        elif event in PROCESSES:
            if probing():
                raise PermissionError(errno.EACCES, "dagferry: no other processes")
            refuse("starts another process (%s)" % event)
        elif event in ("os.kill", "os.killpg") and not (args[1] == 0 or event == "os.kill" and args[0] == os.getpid()):
            refuse("signals another process (%s)" % event)

    def opened(name, flags):
        if isinstance(name, int) or name is None:
            return
        real = os.path.realpath(os.fsdecode(name))
        secret = SECRETS.match(real)
        if secret and int(secret[1]) != os.getpid():
            refuse("reads what another process has (%s)" % real)
        if flags & WRITING and not (real + os.sep).startswith(scratch) and real != "/dev/null":
            refuse("writes to %s" % real)

    sys.addaudithook(hook)
    return acts


def line_in(path):
    """The line of the innermost frame in a file; 0 when it is not on the stack."""
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename == path:
            return frame.f_lineno
        frame = frame.f_back
    return 0


def probing():
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename in PROBES:
            return True
        frame = frame.f_back
    return False
