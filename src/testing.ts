export type { TestClient, TestClientOptions } from "./testing/client-options.ts";
export { type OverridePair, override } from "./testing/client-options.ts";
export { testClient } from "./testing/test-client.ts";
export type { TestRequest } from "./testing/test-request.ts";
