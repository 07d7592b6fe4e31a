"""Unpacks a bundle into a folder that nobody may write: what one file's import changes, another's would read."""
import os
import shutil
import tarfile

LARGEST = 512 << 20  # bytes unpacked: twice Astro's own limit for DAGs


class Unusable(Exception):
    """The request cannot be answered; the caller is at fault."""


def unpack(archive, folder):
    """Regular files of a tar.gz, which is a file that is open, only; below the folder only."""
    total = 0
    try:
        with tarfile.open(fileobj=archive, mode="r:gz") as members:
            for member in members:
                target = os.path.normpath(os.path.join(folder, member.name))
                if not target.startswith(folder + os.sep) or not (member.isfile() or member.isdir()):
                    raise Unusable("the bundle has %r, which is no file below its root" % member.name)
                total += member.size
                if total > LARGEST:
                    raise Unusable("the bundle is larger than %d MB unpacked" % (LARGEST >> 20))
                if member.isfile():
                    os.makedirs(os.path.dirname(target), exist_ok=True)
                    with members.extractfile(member) as source, open(target, "wb") as out:
                        shutil.copyfileobj(source, out)
                    os.utime(target, (member.mtime, member.mtime))
    except (tarfile.TarError, EOFError, OSError) as broken:
        raise Unusable("the bundle cannot be unpacked: %s" % broken) from broken
    seal(folder)


def seal(folder):
    for where, _, names in os.walk(folder, topdown=False):
        for name in names:
            os.chmod(os.path.join(where, name), 0o444)
        os.chmod(where, 0o555)


def remove(folder):
    for where, dirs, _ in os.walk(folder):
        for name in dirs:
            path = os.path.join(where, name)
            if not os.path.islink(path):
                os.chmod(path, 0o700)
    shutil.rmtree(folder, ignore_errors=True)
