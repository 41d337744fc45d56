export type {
  Ask,
  EnqueuedBy,
  EnqueuedTestJob,
  TestClient,
  TestClientOptions,
  TestClock,
  TestJobs,
  TestResponse,
} from "./testing/client-options.ts";
export { type OverridePair, override } from "./testing/client-options.ts";
export { testClient } from "./testing/test-client.ts";
export type { FormField, TestRequest } from "./testing/test-request.ts";
export { HandshakeRefused, type TestSocket, type TestSocketRequest } from "./testing/test-socket.ts";
