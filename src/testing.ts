export type { Ask, TestClient, TestClientOptions, TestResponse } from "./testing/client-options.ts";
export { type OverridePair, override } from "./testing/client-options.ts";
export { testClient } from "./testing/test-client.ts";
export type { FormField, TestRequest } from "./testing/test-request.ts";
