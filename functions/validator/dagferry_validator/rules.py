"""The rules of a real import, as findings have them."""

IMPORT_ERROR = "DF501"  # Airflow would show this as an import error
NOT_FINISHED = "DF502"  # time or memory was over, or the process ended
FORBIDDEN = "DF503"  # it tried what an import has no business with: the network, other processes, files of others

REFUSED = "dagferry: the file "  # begins the text of what the audit hook raises

MESSAGE, TRACE = 2_000, 8_000  # characters that are kept of a message and of a traceback


def finding(rule, message, line=0, trace=""):
    return {"rule": rule, "line": line, "column": 0, "message": message[:MESSAGE], "trace": trace[-TRACE:]}
