/** Chapters whose feature is not part of what is replayed here, with the reason. */
export const otherCapabilities: Readonly<Record<string, string>> = {
  sql_databases: "SQL databases",
  wsgi: "WSGI applications",
};

/** Exchanges that cannot be equal, with the reason: by chapter, app, method, URL and the recorded status. */
export const reasons: Readonly<Record<string, string>> = {
  "body tutorial001 POST /items/ -> 400":
    "the recording replaced Python's JSON parser by one that raises; here no one can replace the parser",
  "cors tutorial001 OPTIONS / -> 200":
    "@fastify/cors answers a preflight with 204 and no body, where Starlette says 200 and OK: browsers take both",
  "dependencies tutorial008c GET /items/portal-gun -> 500":
    'a 500 is {"detail": "Internal Server Error"} in JSON, as every other error, not plain text',
  "dependencies tutorial008d GET /items/portal-gun -> 500":
    'a 500 is {"detail": "Internal Server Error"} in JSON, as every other error, not plain text',
  "extra_data_types tutorial001 PUT /items/ff97dd87-a4a5-4a12-b412-cde99f33e00e -> 200":
    "a JavaScript Date keeps no offset: the same instants are written as 2018-12-22T14:00:00.000Z",
  "handling_errors tutorial004 GET /items/foo -> 400":
    "the text quotes the message of the mistake, which is the schema library's own",
  "templates tutorial001 GET /static/styles.css -> 200":
    "the tag and the time are those of the recording's file, which is equal byte by byte",
  "using_request_directly tutorial001 GET /items/foo -> 200":
    "the recording's client has no address and calls itself testclient; here it is this machine",
};
