import type { Bench, PartResult } from "../part.ts";
export async function measureWorkers(_bench: Bench): Promise<PartResult[]> { return []; }
