import { fileURLToPath } from "node:url";
import { runPython } from "./python-process.ts";

await runPython(fileURLToPath(new URL("../../bench/servers/fastapi_app.py", import.meta.url)));
