"""root.py ROOT puts this Python, its libraries and pytest into ROOT, each where it is on this machine: the root of an image."""
import glob
import importlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig

LEFT = ("test", "tests", "site-packages", "dist-packages", "idlelib", "ensurepip", "lib2to3", "tkinter", "turtledemo", "config-*", "__pycache__", "distutils",
        "_tkinter*", "readline*", "_curses*", "nis*", "_crypt*", "pydoc_data")
root = sys.argv[1]


def put(path, to=None):
    target = root + (to or path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.isdir(path):
        shutil.copytree(path, target, ignore=shutil.ignore_patterns(*LEFT), dirs_exist_ok=True)
    else:
        shutil.copy(path, target)


program = os.path.realpath(sys.executable)
library = sysconfig.get_path("stdlib")
put(program)
shutil.copy(program, os.path.join(root + os.path.dirname(program), "python"))
put(library)
packages = os.path.join(sysconfig.get_path("purelib", vars={"base": sys.base_prefix}))
for name in ("pytest", "_pytest", "py", "pluggy", "iniconfig", "packaging", "pygments"):
    file = importlib.import_module(name).__file__
    here = os.path.dirname(file) if os.path.basename(file) == "__init__.py" else file
    put(here, os.path.join(packages, os.path.basename(here)))
for extension in [program, *glob.glob(root + library + "/lib-dynload/*.so")]:
    told = subprocess.run(["ldd", extension], stdout=subprocess.PIPE, check=True, text=True).stdout
    for needed in re.findall(r"(/\S+) \(0x", told):
        put(needed)
os.makedirs(root + "/tmp", exist_ok=True)
