/** The page itself holds no value of ours but asset paths: key and starter reach the browser as JSON only. */
export function pageHtml(assets: readonly { path: string }[]): string {
  const styles = assets.filter(({ path }) => path.endsWith(".css"));
  const scripts = assets.filter(({ path }) => path.endsWith(".js"));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>GraphiQL</title>
<link rel="icon" href="data:,">
${styles.map(({ path }) => `<link rel="stylesheet" href="${path}">`).join("\n")}
${scripts.map(({ path }) => `<script defer src="${path}"></script>`).join("\n")}
</head>
<body>
<div id="root"><p>Loading GraphiQL</p><noscript><p>GraphiQL needs JavaScript.</p></noscript></div>
</body>
</html>
`;
}

export const PAGE_STYLE = `html, body, #root { height: 100%; margin: 0; }
#root > p { margin: 2rem; font-family: sans-serif; }
`;

/** Runs in the browser, after React, graphql-ws and GraphiQL have put themselves on the window. */
export const PAGE_SCRIPT = `"use strict";
const rootElement = document.getElementById("root");

start().catch((error) => {
  const notice = document.createElement("p");
  notice.textContent = "GraphiQL could not start: " + error.message;
  rootElement.replaceChildren(notice);
});

async function start() {
  const answer = await fetch("/graphiql/config.json");
  if (!answer.ok) throw new Error("its configuration answered " + answer.status);
  const config = await answer.json();
  const root = ReactDOM.createRoot(rootElement);
  const fixed = {
    storage: storageWithoutHeaders(config.headers),
    defaultTabs: config.tabs.map((query) => ({ query, headers: config.headers })),
    defaultQuery: "",
    defaultHeaders: config.headers,
    defaultEditorToolsVisibility: "headers",
    shouldPersistHeaders: false,
  };
  const execute = createExecutor(config.graphqlPath, render);
  render();

  // GraphiQL introspects again whenever it is given another fetcher.
  function render() {
    root.render(React.createElement(GraphiQL, { ...fixed, fetcher: (params, options) => execute(params, options) }));
  }
}

// Queries and mutations go by POST, subscriptions over a socket, both with the headers of the headers editor.
function createExecutor(path, introspectAgain) {
  const socketFor = createSocketSource(path);
  let refusedHeaders;
  return ({ query, variables, operationName }, { headers = {} } = {}) => {
    const operation = operationOf(query, operationName);
    const params = { query, variables, operationName: operation?.name?.value };
    if (operation?.operation === "subscription") return subscription(socketFor(headers), params);
    return post(path, params, headers).then((answer) => {
      const spelled = JSON.stringify(headers);
      if (operationName === "IntrospectionQuery") {
        refusedHeaders = answer.data ? undefined : spelled;
      } else if (answer.data && refusedHeaders !== undefined && refusedHeaders !== spelled) {
        refusedHeaders = undefined;
        introspectAgain(); // the key is right now: bring documentation and completion
      }
      return answer;
    });
  };
}

// Read from the text: just after a change of tab, GraphiQL still names the operation of the tab before.
function operationOf(query, operationName) {
  try {
    const operations = GraphiQL.GraphQL.parse(query).definitions.filter(({ kind }) => kind === "OperationDefinition");
    return operations.find(({ name }) => name?.value === operationName) ?? operations[0];
  } catch {
    return undefined; // the server words the syntax error
  }
}

async function post(url, params, headers) {
  let response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", ...headers },
      body: JSON.stringify(params),
    });
  } catch (error) {
    return failure("The request was not answered: " + error.message);
  }
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return failure("The server answered " + response.status + " and no JSON.", { body: text.slice(0, 500) });
  }
}

// One socket at a time: the key is read when a socket opens, so other headers need another socket.
function createSocketSource(path) {
  let current;
  return (headers) => {
    const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
    const spelled = JSON.stringify(entries);
    if (current?.spelled === spelled) return current.client;
    current?.client.dispose();
    const client = graphqlWs.createClient({
      url: location.origin.replace(/^http/, "ws") + path,
      connectionParams: Object.fromEntries(entries),
      retryAttempts: 0, // a silent new start would hide the gap; the reader sees the close and starts again
    });
    current = { spelled, client };
    return client;
  };
}

function subscription(client, params) {
  return {
    subscribe: (observer) => ({
      unsubscribe: client.subscribe(params, {
        next: (message) => observer.next(message),
        complete: () => observer.complete(),
        error: (cause) => observer.error(failureOf(cause).errors), // GraphiQL adds the envelope
      }),
    }),
  };
}

function failureOf(cause) {
  if (Array.isArray(cause)) return { errors: cause };
  if (typeof cause?.code === "number") {
    return failure("The subscription ended: socket closed " + cause.code + " " + (cause.reason || "without a reason"));
  }
  return failure("The subscription ended: " + (cause?.message ?? "no socket could be opened"));
}

function failure(message, extensions) {
  return { errors: [extensions ? { message, extensions } : { message }] };
}

// GraphiQL's history would write every header, and so the key, into localStorage.
const HISTORY_LISTS = { "graphiql:queries": "queries", "graphiql:favorites": "favorites" };

function storageWithoutHeaders(defaultHeaders) {
  const withHeaders = (name, text, headers) => {
    const list = HISTORY_LISTS[name];
    if (!list || !text) return text;
    return JSON.stringify({ [list]: (JSON.parse(text)[list] ?? []).map((item) => ({ ...item, headers })) });
  };
  const ownNames = () => Object.keys(localStorage).filter((name) => name.startsWith("graphiql:"));
  return {
    getItem: (name) => withHeaders(name, localStorage.getItem(name), defaultHeaders),
    setItem: (name, text) => localStorage.setItem(name, withHeaders(name, text, undefined)),
    removeItem: (name) => localStorage.removeItem(name),
    clear: () => ownNames().forEach((name) => localStorage.removeItem(name)),
    get length() { return ownNames().length; },
  };
}
`;
