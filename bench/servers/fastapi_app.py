"""The declared operation of the benchmark in FastAPI: uvicorn with uvloop and httptools, one process, logs off."""

import os
import socket
import sys
import threading

import uvicorn
from fastapi import Depends, FastAPI, Query

app = FastAPI()


async def reader(page: int) -> dict:
    return {"name": "reader", "page": page}


@app.get("/declared")
async def declared(page: int, active: bool, limit: int = Query(le=100), user: dict = Depends(reader)):
    return {"page": page, "limit": limit, "active": active, "reader": user["name"]}


def end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app, loop="uvloop", http="httptools", log_level="critical", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])
