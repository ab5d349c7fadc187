"""The inside of an invocation: calls a handler with the event on standard input and writes the result.

Run as a script in a process of its own (`python -I lambda_runtime.py CODE HANDLER RESULT`): it imports
nothing of this project, because the handler's own modules must come first.
"""

import ctypes
import importlib
import json
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from types import SimpleNamespace

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Call the handler named on the command line; an exception becomes Lambda's error document."""
    code, handler, result = sys.argv[1:]
    _end_with_the_account()
    sys.path.insert(0, code)
    module, function = handler.rsplit(".", 1)
    event = json.load(sys.stdin)
    try:
        context = SimpleNamespace(function_name=handler, aws_request_id=event.get("RequestId", ""))
        result_of_handler = getattr(importlib.import_module(module), function)(event, context)
        text = json.dumps({"result": result_of_handler})
    except Exception as error:
        traceback.print_exc()
        text = json.dumps({"errorMessage": str(error), "errorType": type(error).__name__})
    Path(result).write_text(text, encoding="utf-8")


def _end_with_the_account() -> None:
    """When the emulated account dies, so does the invocation, with the programs that the handler started.

    By a thread: Python calls a handler of signals in the main thread only, which does not hear of one that
    comes just before it begins to wait for a program.
    """
    heard, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told)
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    threading.Thread(target=_end_group, args=(heard,), daemon=True).start()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _end_group(heard: int) -> None:
    while os.read(heard, 1) != bytes([signal.SIGTERM]):  # other signals are told as well
        pass
    os.killpg(0, signal.SIGKILL)


main()
