import { Inspection } from "./inspection.ts";

new Inspection().start();
