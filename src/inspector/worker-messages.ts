/** Set for workers whose primary has them tell each other's pages: when it started, in milliseconds since 1970. */
export const SHARED_INSPECTOR = "OFFLOOP_SHARED_INSPECTOR";

/** What a worker sends to its primary. */
export type WorkerInspectorMessage =
  /** Asks all others for what one of its pages has not been told. */
  | { readonly offloopInspector: "ask"; readonly page: number }
  /** That page is closed. */
  | { readonly offloopInspector: "close"; readonly page: number }
  /** What was asked for: a batch as JSON, empty where there is nothing to tell. */
  | { readonly offloopInspector: "answer"; readonly to: PageOfWorker; readonly batch: string };

/** What the primary sends to a worker. */
export type PrimaryInspectorMessage =
  /** Another worker's page asks. */
  | { readonly offloopInspector: "asked"; readonly from: PageOfWorker }
  /** Another worker's page is closed. */
  | { readonly offloopInspector: "closed"; readonly from: PageOfWorker }
  /** For a page of its own: a batch of another worker, as JSON. */
  | { readonly offloopInspector: "told"; readonly page: number; readonly batch: string };

/** A page, and the worker that it is connected to. */
export interface PageOfWorker {
  readonly worker: number;
  readonly page: number;
}
