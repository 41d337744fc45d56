export type { OAuth2Flow, SecurityRequirement, SecuritySchemeDefinition } from "./app/security-scheme.ts";
export {
  type SecurityOptions,
  type SecurityScopes,
  security,
  securityScopes,
} from "./app/security-scopes.ts";
export { apiKeyCookie, apiKeyHeader, apiKeyQuery } from "./security/api-key.ts";
export {
  type BasicCredentials,
  type BasicOptions,
  type BearerOptions,
  httpBasic,
  httpBearer,
  httpDigest,
  timingSafeEqual,
} from "./security/http.ts";
export { httpsRedirect } from "./security/https-redirect.ts";
export {
  type OAuth2Options,
  oauth2,
  oauth2AuthorizationCodeBearer,
  oauth2PasswordBearer,
  openIdConnect,
} from "./security/oauth2.ts";
export {
  type PasswordForm,
  type PasswordFormInput,
  passwordForm,
  strictPasswordForm,
} from "./security/password-form.ts";
export type {
  AuthorizationCredentials,
  SchemeOptions,
  SecurityScheme,
  SentCredentials,
  SentValues,
} from "./security/scheme.ts";
export { trustedHosts } from "./security/trusted-hosts.ts";
