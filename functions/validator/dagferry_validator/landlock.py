"""Which files a process may write: those below one folder, and /dev/null.

Landlock (landlock(7), Linux 5.13 and later) needs no privilege, binds root too, and cannot be taken off. Where a kernel does not have
it, the validator runs as a user who owns none of the interpreter's files.
"""
import ctypes
import os
import platform
import struct

CREATE, ADD, RESTRICT = 444, 445, 446  # the same on all architectures
ASK_VERSION, BENEATH = 1, 1
NO_NEW_PRIVILEGES = 38  # PR_SET_NO_NEW_PRIVS
WRITE_FILE, WRITES = 1 << 1, 0b1111111110010  # write, remove and make files of all kinds
SINCE = {2: 1 << 13, 3: 1 << 14}  # move between folders; truncate
SCOPES = 0b11  # since 6: no sockets of, and no signals to, processes outside


def call(*args):
    libc = ctypes.CDLL(None, use_errno=True)
    answer = libc.syscall(*[ctypes.c_long(a) if isinstance(a, int) else a for a in args])
    if answer < 0:
        raise OSError(ctypes.get_errno(), "restrict what files may be written")
    return answer


def version():
    """The kernel's; 0 when it has none."""
    if platform.system() != "Linux":
        return 0
    try:
        return call(CREATE, None, 0, ASK_VERSION)
    except OSError:
        return 0


def restrict(folder):
    abi = version()
    writes = WRITES | sum(bit for since, bit in SINCE.items() if abi >= since)
    attributes = struct.pack("QQQ", writes, 0, SCOPES if abi >= 6 else 0)
    rules = call(CREATE, attributes, len(attributes) if abi >= 6 else 8, 0)
    for path, access in [(folder, writes), ("/dev/null", WRITE_FILE)]:
        at = os.open(path, os.O_PATH | os.O_CLOEXEC)
        call(ADD, rules, BENEATH, struct.pack("=Qi", access, at), 0)
        os.close(at)
    ctypes.CDLL(None).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)  # Landlock wants that first
    call(RESTRICT, rules, 0)
    os.close(rules)
