/** Where the tokens of one OAuth2 flow come from. */
export interface OAuth2Flow {
  /** Where the user gives consent. */
  readonly authorizationUrl?: string;
  /** Where tokens are issued; a relative URL is relative to the API's root. */
  readonly tokenUrl?: string;
  /** Where tokens are renewed. */
  readonly refreshUrl?: string;
  /** Every scope, with a one-line description. */
  readonly scopes: Readonly<Record<string, string>>;
}

/** A way to authenticate, as the document describes it: OpenAPI's Security Scheme Object. */
export interface SecuritySchemeDefinition {
  /** The kind of scheme. */
  readonly type: "http" | "apiKey" | "oauth2" | "openIdConnect";
  /** A longer description, in Markdown. */
  readonly description?: string;
  /** For `"http"`: the scheme's name in the Authorization header, in lower case. */
  readonly scheme?: string;
  /** For `"http"` bearer: the format of the token, like `"JWT"`. */
  readonly bearerFormat?: string;
  /** For `"apiKey"`: where the key is sent. */
  readonly in?: "header" | "query" | "cookie";
  /** For `"apiKey"`: the name of the header, parameter or cookie. */
  readonly name?: string;
  /** For `"oauth2"`: the flows it offers. */
  readonly flows?: Readonly<
    Partial<Record<"password" | "authorizationCode" | "clientCredentials" | "implicit", OAuth2Flow>>
  >;
  /** For `"openIdConnect"`: the URL of its configuration. */
  readonly openIdConnectUrl?: string;
}

/** A security scheme with its name in the document. */
export interface DeclaredSecurityScheme {
  /** Its name among the document's `securitySchemes`. */
  readonly schemeName: string;
  /** What the document says about it. */
  readonly definition: SecuritySchemeDefinition;
}

/** A security scheme that an operation requires, and the scopes it requires. */
export type SecurityRequirement =
  | DeclaredSecurityScheme
  | {
      /** The scheme. */
      readonly scheme: DeclaredSecurityScheme;
      /** The required scopes, out of those the scheme names. */
      readonly scopes: readonly string[];
    };
