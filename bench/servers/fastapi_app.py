"""The declared operation of the benchmark in FastAPI: uvicorn with uvloop and httptools, one process, logs off."""

from fastapi import Depends, FastAPI, Query

from listening import serve

app = FastAPI()


async def reader(page: int) -> dict:
    return {"name": "reader", "page": page}


@app.get("/declared")
async def declared(page: int, active: bool, limit: int = Query(le=100), user: dict = Depends(reader)):
    return {"page": page, "limit": limit, "active": active, "reader": user["name"]}


if __name__ == "__main__":
    serve(app)
