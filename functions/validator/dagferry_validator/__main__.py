"""python -m dagferry_validator once   answers the request on standard input, on standard output
python -m dagferry_validator serve   answers requests over HTTP, on PORT
python -m dagferry_validator prepare makes the database in DAGFERRY_VALIDATOR_HOME, for an image"""
import sys

if __package__ in (None, ""):  # run as a folder: python -I dagferry_validator
    import os

    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from dagferry_validator import commands

sys.exit(commands.main(sys.argv[1:]))
