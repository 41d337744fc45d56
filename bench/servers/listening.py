"""Serves an app of the benchmark with uvicorn on a free port, which it prints; ends with the process that started it."""

import os
import socket
import sys
import threading

import uvicorn


def end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


def serve(app) -> None:
    threading.Thread(target=end_with_parent, daemon=True).start()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app, loop="uvloop", http="httptools", log_level="critical", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])
