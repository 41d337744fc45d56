/** Where tokens of one OAuth2 flow come from. */
export interface OAuth2Flow {
  /** Where the user agrees. */
  readonly authorizationUrl?: string;
  /** Where a token is given out; a relative URL starts at the API's root. */
  readonly tokenUrl?: string;
  /** Where a token is renewed. */
  readonly refreshUrl?: string;
  /** Every scope there is, with a line about it. */
  readonly scopes: Readonly<Record<string, string>>;
}

/** A way to authenticate as the document describes it: OpenAPI's Security Scheme Object. */
export interface SecuritySchemeDefinition {
  /** The kind of scheme. */
  readonly type: "http" | "apiKey" | "oauth2" | "openIdConnect";
  /** More about it; Markdown. */
  readonly description?: string;
  /** For `"http"`: the scheme's name in the Authorization header, in lower case. */
  readonly scheme?: string;
  /** For `"http"` bearer: what the token looks like, like `"JWT"`. */
  readonly bearerFormat?: string;
  /** For `"apiKey"`: where the key stands. */
  readonly in?: "header" | "query" | "cookie";
  /** For `"apiKey"`: the name of the header, parameter or cookie. */
  readonly name?: string;
  /** For `"oauth2"`: the flows it offers. */
  readonly flows?: Readonly<
    Partial<Record<"password" | "authorizationCode" | "clientCredentials" | "implicit", OAuth2Flow>>
  >;
  /** For `"openIdConnect"`: where its configuration is. */
  readonly openIdConnectUrl?: string;
}

/** A security scheme with its name in the document. */
export interface DeclaredSecurityScheme {
  /** Its name among the document's `securitySchemes`. */
  readonly schemeName: string;
  /** What the document says about it. */
  readonly definition: SecuritySchemeDefinition;
}

/** A security scheme an operation asks for, and with which scopes. */
export type SecurityRequirement =
  | DeclaredSecurityScheme
  | {
      /** The scheme. */
      readonly scheme: DeclaredSecurityScheme;
      /** The scopes that are needed, of those the scheme names. */
      readonly scopes: readonly string[];
    };
