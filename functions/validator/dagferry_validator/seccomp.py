"""System calls that a file being imported may not make.

A filter (seccomp(2)) needs no privilege, holds for all that the process starts, and cannot be taken off. It stops what Python's own
audit hooks cannot: native code. What an honest library may try and do without fails with an error; what no honest import does kills
the process, which is a finding.
"""
import ctypes
import errno
import os
import platform
import struct

KILL, ALLOW, ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
LOAD, EQUAL, ATLEAST, HASBITS, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCH = 0, 4  # offsets in struct seccomp_data; arguments are eight bytes each, from 16
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2
CLONE_THREAD = 0x10000
F_SETOWN, F_SETSIG, F_SETOWN_EX = 8, 10, 15  # fcntl's ways to have the kernel signal somebody else
FIOSETOWN, SIOCSPGRP = 0x8901, 0x8902  # ioctl's

# Numbers of the two architectures that Lambda and Cloud Run have: the kernel's unistd_64.h and asm-generic/unistd.h.
CALLS = {
    "x86_64": (0xC000003E, dict(
        kill=62, tkill=200, tgkill=234, rt_sigqueueinfo=129, rt_tgsigqueueinfo=297, pidfd_send_signal=424, pidfd_getfd=438,
        ptrace=101, process_vm_readv=310, process_vm_writev=311, prlimit64=302, fcntl=72, ioctl=16,
        fork=57, vfork=58, clone=56, clone3=435, execve=59, execveat=322,
        connect=42, sendto=44, sendmsg=46, sendmmsg=307, listen=50, io_uring_setup=425,
        chmod=90, fchmod=91, fchmodat=268, fchmodat2=452, chown=92, fchown=93, lchown=94, fchownat=260,
        mount=165, unshare=272, setns=308, bpf=321, perf_event_open=298, userfaultfd=323, add_key=248, request_key=249, keyctl=250,
    )),
    "aarch64": (0xC00000B7, dict(
        kill=129, tkill=130, tgkill=131, rt_sigqueueinfo=138, rt_tgsigqueueinfo=240, pidfd_send_signal=424, pidfd_getfd=438,
        ptrace=117, process_vm_readv=270, process_vm_writev=271, prlimit64=261, fcntl=25, ioctl=29,
        clone=220, clone3=435, execve=221, execveat=281,
        connect=203, sendto=206, sendmsg=211, sendmmsg=269, listen=201, io_uring_setup=425,
        fchmod=52, fchmodat=53, fchmodat2=452, fchown=55, fchownat=54,
        mount=40, unshare=97, setns=268, bpf=280, perf_event_open=241, userfaultfd=282, add_key=217, request_key=218, keyctl=219,
    )),
}

NEVER = "rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal pidfd_getfd ptrace process_vm_readv process_vm_writev"
PROCESSES = "fork vfork execve execveat"
NETWORK = "connect sendmsg sendmmsg listen io_uring_setup"
# The tree that is imported is read-only to its owner; the mode of a file must stay what it is.
MODES = "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat"
PRIVILEGED = "mount unshare setns bpf perf_event_open userfaultfd add_key request_key keyctl"


def refuse(code):
    return step(RETURN, ERRNO | code)


def step(code, k, yes=0, no=0):
    return struct.pack("HBBI", code, yes, no, k)


def argument(i, high=False):
    return step(LOAD, 16 + 8 * i + (4 if high else 0))  # both architectures are little-endian


def program(arch, calls, pid):
    """The filter: every body ends in a verdict, and a call that nothing names is allowed."""
    kill, allow = step(RETURN, KILL), step(RETURN, ALLOW)
    bodies = {}
    for names, verdict in [(NEVER, kill), (PROCESSES, refuse(errno.EPERM)), (NETWORK, refuse(errno.EACCES)),
                           (MODES, refuse(errno.EPERM)), (PRIVILEGED, refuse(errno.EPERM))]:
        bodies.update((name, [verdict]) for name in names.split())
    mine = [argument(0), step(EQUAL, pid, 0, 1), allow]
    # Signal 0 only asks whether a process is there.
    bodies["kill"] = mine + [argument(1), step(EQUAL, 0, 0, 1), refuse(errno.EPERM), kill]
    bodies["tgkill"] = mine + [kill]
    bodies["tkill"] = [refuse(errno.EPERM)]
    bodies["prlimit64"] = [argument(0), step(EQUAL, 0, 0, 1), allow] + mine + [kill]
    bodies["clone"] = [argument(0), step(HASBITS, CLONE_THREAD, 0, 1), allow, refuse(errno.EPERM)]
    bodies["clone3"] = [refuse(errno.ENOSYS)]  # its flags are in memory, which a filter cannot see: libc falls back to clone
    bodies["sendto"] = [argument(4), step(EQUAL, 0, 0, 3), argument(4, True), step(EQUAL, 0, 0, 1), allow, refuse(errno.EACCES)]
    for name, codes in [("fcntl", (F_SETOWN, F_SETSIG, F_SETOWN_EX)), ("ioctl", (FIOSETOWN, SIOCSPGRP))]:
        checks = [part for code in codes for part in (step(EQUAL, code, 0, 1), refuse(errno.EPERM))]
        bodies[name] = [argument(1)] + checks + [allow]
    filter_ = [step(LOAD, ARCH), step(EQUAL, arch, 1, 0), kill, step(LOAD, NUMBER), step(ATLEAST, 0x40000000, 0, 1), kill]
    for name, number in calls.items():
        body = bodies[name]
        filter_ += [step(EQUAL, number, 0, len(body))] + body
    return filter_ + [allow]


def available():
    return platform.system() == "Linux" and platform.machine() in CALLS and struct.calcsize("P") == 8


def install():
    """Binds this process for good."""
    filter_ = program(*CALLS[platform.machine()], os.getpid())
    libc = ctypes.CDLL(None, use_errno=True)
    steps = ctypes.create_string_buffer(b"".join(filter_))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(filter_), ctypes.addressof(steps)))
    zero = ctypes.c_ulong(0)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero) or libc.prctl(
            PR_SET_SECCOMP, ctypes.c_ulong(MODE_FILTER), ctypes.c_ulong(ctypes.addressof(header)), zero, zero):
        raise OSError(ctypes.get_errno(), "install a filter of system calls")
