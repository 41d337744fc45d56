import { markup } from "../app/markup.ts";

/** What a page needs to know. URLs are in the form in which the browser must request them. */
export interface Page {
  readonly title: string;
  readonly documentUrl: string;
  /** The URL of the page's files, without a trailing slash. */
  readonly filesUrl: string;
}

/** The page of Swagger UI. Its code is in its initializer, so that the page itself contains no script. */
export function swaggerUiPage({ title, filesUrl }: Page): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} - Swagger UI</title>
<link rel="stylesheet" href="${filesUrl}/swagger-ui.css">
<link rel="icon" href="${filesUrl}/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="${filesUrl}/swagger-ui-bundle.js"></script>
<script src="${filesUrl}/swagger-ui-initializer.js"></script>
</body>
</html>
`.text;
}

/** Swagger UI has a dark theme, and lets the page choose it. */
const FOLLOW_SCHEME = `const dark = window.matchMedia("(prefers-color-scheme: dark)");
const followScheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followScheme);
followScheme();
`;

/** The script that starts Swagger UI. The user's parameters take precedence over the defaults, which are FastAPI's. */
export function swaggerUiInitializer(
  { documentUrl, filesUrl }: Page,
  parameters: Readonly<Record<string, unknown>>,
  initOAuth: Readonly<Record<string, unknown>> | undefined,
): string {
  const settings = {
    dom_id: "#swagger-ui",
    layout: "BaseLayout",
    deepLinking: true,
    showExtensions: true,
    showCommonExtensions: true,
    validatorUrl: null,
    ...parameters,
    url: documentUrl,
  };
  return `${FOLLOW_SCHEME}const ui = SwaggerUIBundle({
  ...${JSON.stringify(settings, null, 2)},
  oauth2RedirectUrl: window.location.origin + ${JSON.stringify(`${filesUrl}/oauth2-redirect`)},
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
});
${initOAuth === undefined ? "" : `ui.initOAuth(${JSON.stringify(initOAuth, null, 2)});\n`}`;
}

/** The page to which an authorization server sends the user back; it hands the code over to Swagger UI and closes. */
export function oauth2RedirectPage({ filesUrl }: Page): string {
  return markup`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Swagger UI: OAuth2 Redirect</title></head>
<body><script src="${filesUrl}/oauth2-redirect.js"></script></body>
</html>
`.text;
}

/** The page of Redoc, in the system's fonts: Redoc's own would be fetched from elsewhere. */
export function redocPage({ title, documentUrl, filesUrl }: Page): string {
  const fontFamily = "system-ui, sans-serif";
  const theme = JSON.stringify({ typography: { fontFamily, headings: { fontFamily } } });
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} - ReDoc</title>
<link rel="icon" href="data:,">
<style>body { margin: 0; padding: 0; }</style>
</head>
<body>
<noscript>ReDoc requires Javascript to function. Please enable it to browse the documentation.</noscript>
<redoc spec-url="${documentUrl}" theme="${theme}"></redoc>
<script src="${filesUrl}/redoc.standalone.js"></script>
</body>
</html>
`.text;
}
