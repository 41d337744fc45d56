/**
 * Set for workers whose primary connects them to each other's pages: when the primary started, in milliseconds since
 * 1970.
 */
export const SHARED_INSPECTOR = "OFFLOOP_SHARED_INSPECTOR";

/** What a worker sends to its primary. */
export type WorkerInspectorMessage =
  /** Asks all others for news that one of its pages has not received. */
  | { readonly offloopInspector: "ask"; readonly page: number }
  /** That page is closed. */
  | { readonly offloopInspector: "close"; readonly page: number }
  /** The answer: a batch as JSON, empty when there is nothing to report. */
  | { readonly offloopInspector: "answer"; readonly to: PageOfWorker; readonly batch: string };

/** What the primary sends to a worker. */
export type PrimaryInspectorMessage =
  /** Another worker's page asks. */
  | { readonly offloopInspector: "asked"; readonly from: PageOfWorker }
  /** Another worker's page is closed. */
  | { readonly offloopInspector: "closed"; readonly from: PageOfWorker }
  /** For one of its own pages: a batch from another worker, as JSON. */
  | { readonly offloopInspector: "told"; readonly page: number; readonly batch: string };

/** A page, and the worker that it is connected to. */
export interface PageOfWorker {
  readonly worker: number;
  readonly page: number;
}
