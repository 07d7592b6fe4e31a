"""junit.py SCHEMA FILE: holds JUnit's XML to a schema, and prints what a known reader finds in it, as JSON."""

import json
import sys

import junitparser
from lxml import etree

schema, file = sys.argv[1:]
etree.XMLSchema(etree.parse(schema)).assertValid(etree.parse(file))
found = junitparser.JUnitXml.fromfile(file)
suites = list(found)
print(json.dumps({
    "suites": [suite.name for suite in suites],
    "tests": [found.tests] + [suite.tests for suite in suites],
    "failures": [found.failures] + [suite.failures for suite in suites],
    "cases": [
        {
            "class": case.classname,
            "name": case.name,
            "failures": [{"type": r.type, "message": r.message, "text": r.text} for r in case.result],
            "out": case.system_out or "",
        }
        for suite in suites
        for case in suite
    ],
}))
