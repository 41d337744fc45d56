import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { App, OffloopError, Router } from "offloop";
import { testClient } from "offloop/testing";

function code(expected: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof OffloopError);
    assert.equal(error.code, expected);
    assert.match(String(error.at?.file), /mount\.test\.ts$/);
    return true;
  };
}

describe("mount()", () => {
  for (const path of ["", "/", "admin", "/admin/", "/:name", "/*", "/{name}", "/a?b", "/%61", "/a "])
    test(`refuses the path ${JSON.stringify(path)}`, () => {
      assert.throws(() => new App().mount(path, new App()), code("OFFLOOP_PATH_INVALID"));
    });

  test("refuses anything but an app", () => {
    for (const given of [new Router(), null, undefined, () => {}])
      assert.throws(() => new App().mount("/sub", given as never), code("OFFLOOP_OPTION_INVALID"));
  });

  test("refuses an app in itself, at any depth", () => {
    const [outer, middle, inner] = [new App(), new App(), new App()];
    assert.throws(() => outer.mount("/sub", outer), code("OFFLOOP_ROUTER_CYCLE"));
    outer.mount("/middle", middle);
    middle.mount("/inner", inner);
    assert.throws(() => inner.mount("/outer", outer), code("OFFLOOP_ROUTER_CYCLE"));
  });

  test("refuses two apps at one path, also when they come there differently", async () => {
    const outer = new App();
    const middle = new App();
    middle.mount("/b", new App());
    outer.mount("/a", middle);
    outer.mount("/a/b", new App());
    await assert.rejects(testClient(outer), code("OFFLOOP_ROUTE_DUPLICATE"));
  });

  test("refuses an operation that the other app answers already", async () => {
    const [outer, inner] = [new App(), new App()];
    inner.get("/x", async () => 1);
    outer.get("/sub/x", async () => 2);
    outer.mount("/sub", inner);
    await assert.rejects(testClient(outer), code("OFFLOOP_ROUTE_DUPLICATE"));
  });

  test("refuses two tasks of one name", async () => {
    const [outer, inner] = [new App(), new App()];
    outer.task("mail", async () => {});
    inner.task("mail", async () => {});
    outer.mount("/sub", inner);
    await assert.rejects(testClient(outer), code("OFFLOOP_TASK_DUPLICATE"));
  });
});
