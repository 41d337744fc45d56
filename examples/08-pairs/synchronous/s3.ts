import { runAsWorker } from "synckit";
import { readObject } from "../operations/s3-client.ts";

runAsWorker(readObject);
